using System.CommandLine;
using VfioSharp.Cli.Commands;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Nvme;

/// <summary>How the command line says which blocks of a controller are meant.</summary>
internal sealed class NvmeRange
{
    private readonly Option<uint> space = new("--namespace", "-n") { Description = "The namespace", HelpName = "ID", DefaultValueFactory = _ => 1 };
    private readonly Option<ulong> block = new("--block") { Description = "The first logical block", HelpName = "N", CustomParser = result => Options.Size(result) ?? 0 };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(space);
        command.Add(block);
    }

    /// <summary>The namespace.</summary>
    /// <exception cref="CliException">There is none of that number.</exception>
    public NvmeNamespaceInfo Find(ParseResult parsed, NvmeSession session) => session.Find(parsed.GetValue(space));

    /// <summary>The first block.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="target">The namespace.</param>
    /// <param name="count">How many blocks from there on are wanted; null for all that there are.</param>
    /// <returns>Where it starts, and how many there are.</returns>
    /// <exception cref="CliException">The namespace ends before.</exception>
    public (ulong First, ulong Count) Within(ParseResult parsed, NvmeNamespaceInfo target, ulong? count)
    {
        ulong first = parsed.GetValue(block);
        ulong length = (ulong)target.BlockCount;
        if (first > length || (count is { } wanted && wanted > length - first))
        {
            string what = count is { } blocks ? $"{blocks} blocks from {first} on" : $"block {first}";
            throw new CliException(ExitStatus.Usage, $"namespace {target.Id} has {length} blocks of {target.BlockSize} bytes: {what} do not lie in it");
        }

        return (first, count ?? (length - first));
    }
}
