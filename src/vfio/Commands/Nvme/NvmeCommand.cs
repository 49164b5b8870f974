using System.CommandLine;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme</c>: an NVMe controller driven from here, a host's or one that is served.</summary>
internal static class NvmeCommand
{
    public const string Name = "nvme";

    public static Command Describe(TextWriter output, TextWriter error) => new(Name, """
        Drive an NVMe controller from this process, without a kernel driver: one of this host that is bound to vfio-pci, or one that is served over vfio-user.

        Examples: vfio nvme identify 0000:01:00.0; vfio nvme perf --socket /tmp/nvme.sock
        """)
    {
        NvmeIdentifyCommand.Describe(output),
        NvmeReadCommand.Describe(output, error),
        NvmeWriteCommand.Describe(output, error),
        NvmeFlushCommand.Describe(output),
        NvmePerfCommand.Describe(output, error),
    };
}
