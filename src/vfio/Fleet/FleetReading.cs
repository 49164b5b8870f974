using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace VfioSharp.Cli.Fleet;

/// <summary>Many hosts, read side by side.</summary>
/// <param name="Hosts">Those that could be read, by name.</param>
/// <param name="Problems">What was wrong with the others, a sentence each.</param>
internal sealed record FleetReading(ImmutableArray<FleetHost> Hosts, ImmutableArray<string> Problems)
{
    private const int Step = 100;

    /// <summary>Finds the files: those that are named, and in folders all whose names say that they tell of a host.</summary>
    /// <exception cref="CliException">One is not there, or holds none.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths)
    {
        var files = new List<string>();
        foreach (string path in paths)
        {
            if (!Directory.Exists(path))
            {
                files.Add(File.Exists(path) ? path : throw new CliException(ExitStatus.InputMissing, $"{path}: there is no such file or folder"));
                continue;
            }

            string[] within =
            [
                .. Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
                    .Where(FleetFile.IsCandidate).Order(StringComparer.Ordinal),
            ];
            files.AddRange(within.Length > 0 ? within : throw new CliException(
                ExitStatus.InputMissing, $"{path}: holds no snapshots (.tar, .tar.gz) and no audits (.json); 'vfio snapshot -o FILE' on a host makes one"));
        }

        return files;
    }

    /// <summary>Reads them all.</summary>
    /// <param name="files">From <see cref="Find"/>.</param>
    /// <param name="progress">Is told how many are done, now and then; on any thread.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<FleetReading> ReadAsync(IReadOnlyList<string> files, Action<int> progress, CancellationToken stop)
    {
        var hosts = new ConcurrentBag<FleetHost>();
        var problems = new ConcurrentBag<string>();
        int done = 0;
        await Parallel.ForEachAsync(files, stop, (file, _) =>
        {
            try
            {
                hosts.Add(FleetFile.Read(file));
            }
            catch (CliException problem)
            {
                problems.Add(problem.Message);
            }

            int now = Interlocked.Increment(ref done);
            if (now % Step == 0)
            {
                progress(now);
            }

            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        return new FleetReading(
            [.. hosts.OrderBy(host => host.Name, StringComparer.Ordinal)], [.. problems.Order(StringComparer.Ordinal)]);
    }
}
