using System.Reflection;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>
/// Every number that VfioSharp.Devices/Interop declares, next to what C calls it. Extend it here: headers, then enums, constants and structures.
/// A declaration that is missing here fails a test.
/// </summary>
internal static class AbiFacts
{
    /// <summary>The system's headers that the C expressions need.</summary>
    public static readonly string[] Headers =
    [
        "errno.h", "fcntl.h", "stddef.h", "dirent.h", "sys/stat.h", "sys/syscall.h", "sys/utsname.h",
        "linux/capability.h", "linux/openat2.h",
    ];

    /// <summary>Definitions that no header of user space has; the manual page is the authority.</summary>
    public static readonly string[] Preamble = [];

    /// <summary>Enums and classes of constants whose members bear their C names: <c>Type.Member</c> is <c>Member</c> in C.</summary>
    private static readonly Type[] SameNames =
        [typeof(Errno), typeof(OpenFlags), typeof(ResolveFlags), typeof(StatxFlags), typeof(CapabilityNumbers)];

    /// <summary>Structures whose fields bear their C names.</summary>
    private static readonly (Type Type, string C)[] Structures =
    [
        (typeof(OpenHow), "struct open_how"),
        (typeof(Statx), "struct statx"),
        (typeof(UtsName), "struct utsname"),
        (typeof(CapabilityHeader), "struct __user_cap_header_struct"),
        (typeof(CapabilityData), "struct __user_cap_data_struct"),
    ];

    /// <summary>Constants with another name, or none, in C.</summary>
    private static readonly (string Name, string C)[] Expressions =
    [
        ("DirectoryEntry.d_reclen", "offsetof(struct dirent64, d_reclen)"),
        ("DirectoryEntry.d_name", "offsetof(struct dirent64, d_name)"),
        ("UtsName.FieldLength", "sizeof(((struct utsname *)0)->machine)"),
    ];

    /// <summary>Constants that C cannot be asked about, and why.</summary>
    public static readonly Dictionary<string, string> NotInC = new()
    {
        ["Errno.None"] = "success is the absence of an error number",
        ["SyslogActions.SYSLOG_ACTION_READ_ALL"] = "the kernel keeps linux/syslog.h to itself; syslog(2) gives the number",
        ["SyslogActions.SYSLOG_ACTION_SIZE_BUFFER"] = "the kernel keeps linux/syslog.h to itself; syslog(2) gives the number",
        ["Libc.Library"] = "a library's name",
        ["FileDescriptor.MaxLinkLength"] = "our own limit",
        ["FileDescriptor.FolderBufferLength"] = "our own size of a buffer",
        ["FileDescriptor.MaxAttempts"] = "our own limit",
        ["FileReader.FirstLength"] = "our own size of a buffer",
    };

    /// <summary>The facts for one architecture.</summary>
    public static IReadOnlyList<AbiFact> For(Architecture architecture)
    {
        var facts = new List<AbiFact>();
        facts.AddRange(SameNames.SelectMany(InteropDeclarations.Constants)
            .Where(constant => !NotInC.ContainsKey(constant.Name))
            .Select(constant => new AbiFact(constant.Name, constant.Member, constant.Value)));
        facts.AddRange(Structures.SelectMany(structure => Layout(structure.Type, structure.C)));
        facts.AddRange(Expressions.Select(expression => new AbiFact(expression.Name, expression.C, InteropDeclarations.Value(expression.Name))));
        facts.AddRange(InteropDeclarations.MachineNumbers(MachineAbi.For(architecture))
            .Select(number => new AbiFact(number.Name, number.Member, number.Value)));
        return facts;
    }

    private static IEnumerable<AbiFact> Layout(Type type, string c)
    {
        yield return new AbiFact(type.Name, $"sizeof({c})", Marshal.SizeOf(type));
        foreach (FieldInfo field in InteropDeclarations.Fields(type))
        {
            string name = $"{type.Name}.{field.Name}";
            yield return new AbiFact(name, $"offsetof({c}, {field.Name})", (int)Marshal.OffsetOf(type, field.Name));
            yield return new AbiFact(name, $"sizeof((({c} *)0)->{field.Name})", Marshal.SizeOf(field.FieldType));
        }
    }
}
