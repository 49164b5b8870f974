using System.Runtime.InteropServices;
using System.Text;

namespace VfioSharp.Devices.Interop;

/// <summary>What the kernel says of the machine and of this process.</summary>
internal static class Machine
{
    /// <summary>The architecture in the spelling of <c>uname -m</c>: x86_64, aarch64, ppc64le, s390x, riscv64.</summary>
    public static unsafe string Name
    {
        get
        {
            if (Libc.uname(out UtsName name) != 0)
            {
                return "unknown";
            }

            return Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name.machine));
        }
    }

    /// <summary>Whether this thread has a capability in effect, in its own user namespace.</summary>
    public static bool HasCapability(int capability)
    {
        var header = new CapabilityHeader { version = CapabilityNumbers._LINUX_CAPABILITY_VERSION_3, pid = 0 };
        Span<CapabilityData> data = stackalloc CapabilityData[CapabilityNumbers._LINUX_CAPABILITY_U32S_3];
        return Libc.capget(ref header, data) == 0 && (data[capability / 32].effective & (1u << (capability % 32))) != 0;
    }

    /// <summary>How much of a resource this process may use, one of <see cref="ResourceLimits"/>.</summary>
    public static Errno GetLimit(int resource, out ResourceLimit limit) =>
        Libc.getrlimit(resource, out limit) == 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();

    /// <summary>Lets this process use as much of a resource as it may.</summary>
    /// <param name="resource">One of <see cref="ResourceLimits"/>.</param>
    /// <param name="limit">What holds now.</param>
    public static Errno RaiseLimit(int resource, out ResourceLimit limit)
    {
        Errno error = GetLimit(resource, out limit);
        if (error != Errno.None || limit.rlim_cur == limit.rlim_max)
        {
            return error;
        }

        ResourceLimit raised = limit with { rlim_cur = limit.rlim_max };
        if (Libc.setrlimit(resource, in raised) != 0)
        {
            return (Errno)Marshal.GetLastPInvokeError();
        }

        limit = raised;
        return Errno.None;
    }

    /// <summary>The kernel's ring buffer as text, every line with its <c>&lt;priority&gt;</c>, oldest first (syslog(2)).</summary>
    public static Errno ReadSystemLog(out byte[] text)
    {
        text = [];
        int size = Libc.klogctl(SyslogActions.SYSLOG_ACTION_SIZE_BUFFER, default, 0);
        if (size >= 0)
        {
            // The size is that of the stored records; the times and priorities in front of their lines come on top.
            byte[] buffer = new byte[checked((size * 2) + 4096)];
            size = Libc.klogctl(SyslogActions.SYSLOG_ACTION_READ_ALL, buffer, buffer.Length);
            if (size >= 0)
            {
                text = buffer[..size];
                return Errno.None;
            }
        }

        return (Errno)Marshal.GetLastPInvokeError();
    }
}
