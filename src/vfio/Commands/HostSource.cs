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

    public static HostEvidence Read(string? root)
    {
        if (root is "")
        {
            throw new CliException(ExitStatus.InputMissing, "--root: its name is empty");
        }

        HostTree tree;
        try
        {
            tree = LinuxHost.OpenTree(root);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitStatus.InputMissing, $"--root {root}: there is no such file or folder");
        }
        catch (InvalidDataException problem)
        {
            throw new CliException(ExitStatus.IoError, $"--root {root}: {problem.Message}");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"--root {root}: permission denied");
        }
        catch (IOException problem)
        {
            throw new CliException(ExitStatus.IoError, $"--root {root}: cannot be read: {problem.Message}");
        }

        if (root is not null && tree.List("sys").Count == 0 && tree.List("proc").Count == 0)
        {
            throw new CliException(ExitStatus.InputMissing, $"--root {root}: holds no host (neither sys/ nor proc/); 'vfio snapshot -o FILE' on that host makes one");
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
