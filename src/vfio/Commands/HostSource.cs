using System.CommandLine;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Commands;

/// <summary>Where a command takes its host from, and what it says when there is none.</summary>
internal static class HostSource
{
    public static Option<string?> RootOption() => new("--root")
    {
        Description = "Another host's files instead of this machine: a folder that holds its sys/ and proc/, or a snapshot (.tar, .tar.gz)",
        HelpName = "DIR|TAR",
    };

    public static HostEvidence Read(string? root) => Read(root, $"--root {root}");

    /// <summary>Reads a host.</summary>
    /// <param name="root">A folder or snapshot; null for this machine.</param>
    /// <param name="name">How messages call it.</param>
    /// <exception cref="CliException">It is not there, or cannot be read.</exception>
    public static HostEvidence Read(string? root, string name)
    {
        if (root is "")
        {
            throw new CliException(ExitStatus.InputMissing, $"{name.TrimEnd()}: its name is empty");
        }

        HostTree tree;
        try
        {
            tree = LinuxHost.OpenTree(root);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitStatus.InputMissing, $"{name}: there is no such file or folder");
        }
        catch (InvalidDataException problem)
        {
            throw new CliException(ExitStatus.IoError, $"{name}: {problem.Message}");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"{name}: permission denied");
        }
        catch (IOException problem)
        {
            throw new CliException(ExitStatus.IoError, $"{name}: cannot be read: {problem.Message}");
        }

        if (root is not null && tree.List("sys").Count == 0 && tree.List("proc").Count == 0)
        {
            throw new CliException(ExitStatus.InputMissing, $"{name}: holds no host (neither sys/ nor proc/); 'vfio snapshot -o FILE' on that host makes one");
        }

        return HostEvidence.Read(tree);
    }

    /// <summary>The functions that the user named, all of which the host must have.</summary>
    public static IReadOnlyCollection<PciAddress> Select(HostEvidence host, IEnumerable<PciAddress> addresses)
    {
        HashSet<PciAddress> present = [.. host.Functions.Select(function => function.Address)];
        PciAddress[] wanted = [.. addresses];
        foreach (PciAddress address in wanted)
        {
            if (!present.Contains(address))
            {
                throw new CliException(ExitStatus.InputMissing, $"{address}: the host has no such function (its functions: 'vfio audit')");
            }
        }

        return wanted;
    }

    public static PciAddress ParseAddress(string text, Action<string> refuse)
    {
        if (PciAddress.TryParse(text, out PciAddress address))
        {
            return address;
        }

        // An option that the command does not have comes here too, as the library takes it for an argument.
        refuse(text.StartsWith('-') ? $"there is no option {text}" : $"'{text}' is not a PCI address; write it as [segment:]bus:device.function, for example 0000:01:00.0");
        return default;
    }
}
