using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using VfioSharp.Cli.Commands;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Controller;

namespace VfioSharp.Cli.Serving;

/// <summary>How the command line says what NVMe controllers to serve.</summary>
internal sealed class NvmeServing
{
    /// <summary>The function's name on the command line.</summary>
    public const string Name = "nvme";

    private const int DefaultBlock = 512;

    private readonly Option<string[]> files = new("--file")
    {
        Description = "nvme: a namespace on a file or block device; repeated, with one --socket the controller has them all, with as many --socket each has one",
        HelpName = "IMG",
    };

    private readonly Option<ulong[]> sizes = new("--size")
    {
        Description = "nvme: a namespace in memory, gone when it ends; repeated as --file; behind those with both",
        HelpName = "SIZE",
        CustomParser = result => [.. result.Tokens.Select(token => Parse(token.Value, result))],
    };

    private readonly Option<int> blockSize = Options.Number("--block-size", "nvme: the logical block in bytes", "512|4096", DefaultBlock);
    private readonly Option<bool> readOnly = new("--read-only") { Description = "nvme: files are only read, and their namespaces write protected" };
    private readonly Option<bool> direct = new("--direct") { Description = "nvme: past the host's page cache (O_DIRECT)" };
    private readonly Option<MsixTableLocation> table = Options.Choice<MsixTableLocation>("--msix-bar", "nvme: the MSI-X table beside the doorbells in BAR 0, as on most SSDs, or in a BAR of its own");
    private readonly Option<NvmeDoorbells> doorbells = Options.Choice<NvmeDoorbells>("--doorbells", "nvme: memory that a driver can map, and that is polled, or registers, which wake it");
    private readonly Option<bool> poll = new("--poll") { Description = "nvme: never rest while a driver has it enabled; takes a processor a controller" };
    private readonly Option<int> queues = Options.Number("--io-queues", "nvme: how many I/O queues, and vectors besides the admin queue's", "1-128", 16);
    private readonly Option<string?> serial = new("--serial") { Description = "nvme: the serial number, up to 20 characters; the next sockets' have '-2', '-3'… behind it", HelpName = "TEXT" };

    private Option[] All => [files, sizes, blockSize, readOnly, direct, table, doorbells, poll, queues, serial];

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="isMeant">Whether it is about NVMe controllers.</param>
    /// <param name="sockets">How many are asked for.</param>
    public void AddTo(Command command, Func<CommandResult, bool> isMeant, Func<CommandResult, int> sockets)
    {
        foreach (Option option in All)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (!isMeant(result))
            {
                if (result.Children.OfType<OptionResult>().FirstOrDefault(each => Array.IndexOf(All, each.Option) >= 0 && !each.Implicit) is { } stray)
                {
                    result.AddError($"{stray.Option.Name} goes with {Name}");
                }

                return;
            }

            int spaces = Count(files) + Count(sizes);
            if (spaces == 0)
            {
                result.AddError("on what? --file IMG is a namespace on a file, --size 1G one in memory");
            }
            else if (sockets(result) > 1 && spaces > 1 && spaces != sockets(result))
            {
                result.AddError($"{spaces} namespaces for {sockets(result)} sockets: give one socket all of them, or each its own");
            }
            else if (sockets(result) > 1 && spaces == 1 && Count(files) == 1)
            {
                result.AddError("one --file for several sockets: two controllers would write to it and know nothing of each other");
            }

            int Count(Option option) => result.GetResult(option)?.Tokens.Count ?? 0;
        });
    }

    /// <summary>Makes the controllers, one for each socket.</summary>
    /// <param name="parsed">What they are.</param>
    /// <param name="count">How many.</param>
    /// <param name="namespaces">Takes the namespaces, to be disposed when the controllers are.</param>
    /// <exception cref="CliException">A file cannot be used, or an option is out of its range; the message says why.</exception>
    public Queue<EmulatedFunction> Create(ParseResult parsed, int count, List<NvmeNamespace> namespaces)
    {
        var made = new Queue<EmulatedFunction>();
        var spaces = new Queue<Func<NvmeNamespace>>(
        [
            .. (parsed.GetValue(files) ?? []).Select(path => (Func<NvmeNamespace>)(() => OpenFile(parsed, path))),
            .. (parsed.GetValue(sizes) ?? []).Select(size => (Func<NvmeNamespace>)(() => NvmeNamespace.InMemory(checked((long)size), parsed.GetValue(blockSize)))),
        ]);
        Func<NvmeNamespace> first = spaces.Peek();
        for (int i = 0; i < count; i++)
        {
            Func<NvmeNamespace>[] own = count == 1 ? [.. spaces] : [spaces.Count > 1 ? spaces.ElementAt(i) : first];
            string number = parsed.GetValue(serial) ?? "VFIOSHARP";
            ImmutableArray<NvmeNamespace> opened = [.. own.Select(open => Guard(open))];
            namespaces.AddRange(opened);
            made.Enqueue(Guard(() => new NvmeController(new NvmeControllerOptions
            {
                Namespaces = opened,
                SerialNumber = i == 0 ? number : $"{number}-{i + 1}",
                IoQueues = parsed.GetValue(queues),
                MsixTable = parsed.GetValue(table),
                Doorbells = parsed.GetValue(doorbells),
                Polling = parsed.GetValue(poll) ? NvmePolling.Spin : NvmePolling.Adaptive,
            })));
        }

        return made;
    }

    private NvmeNamespace OpenFile(ParseResult parsed, string path) => NvmeNamespace.Open(path, new NvmeFileOptions
    {
        BlockSize = parsed.GetValue(blockSize),
        IsReadOnly = parsed.GetValue(readOnly),
        IsDirect = parsed.GetValue(direct),
    });

    private static T Guard<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (PciException problem) when (problem.IsNoSuchFile())
        {
            throw new CliException(ExitStatus.InputMissing, problem.Message);
        }
        catch (Exception problem) when (problem is ArgumentException or OverflowException)
        {
            throw new CliException(ExitStatus.Usage, problem.Message);
        }
    }

    private static ulong Parse(string text, ArgumentResult result)
    {
        if (SizeText.TryParse(text, out ulong size) && size <= long.MaxValue)
        {
            return size;
        }

        result.AddError($"--size {text}: not a size below 8E; write decimal or 0x hexadecimal, with K, M or G behind it for multiples of 1024");
        return 0;
    }
}
