using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Controller;
using VfioSharp.Samples;

namespace VfioSharp.Cli.Serving;

/// <summary>A function that the program has within itself to serve.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Description">What it is, in a few words.</param>
/// <param name="Create">Makes one, as it is where nobody says more of it.</param>
internal sealed record ServableFunction(string Name, string Description, Func<EmulatedFunction> Create)
{
    private const long DefaultCapacity = 64 << 20;

    /// <summary>All there are.</summary>
    public static IReadOnlyList<ServableFunction> All { get; } =
    [
        new("tally", "adds numbers and interrupts at a goal (samples/Tally)", () => new Tally()),
        new(NvmeServing.Name, "an NVMe controller, its namespaces on files or in memory", () => new NvmeController(new NvmeControllerOptions
        {
            Namespaces = [NvmeNamespace.InMemory(DefaultCapacity)],
        })),
        new("endpoint-test", "what Linux's pci_endpoint_test drives (samples/EndpointTest)", () => new EndpointTest()),
    ];

    /// <summary>Their names, for a message.</summary>
    public static string Names => string.Join(", ", All.Select(function => function.Name));

    /// <summary>The one of that name; null where there is none.</summary>
    public static ServableFunction? Find(string name) => All.FirstOrDefault(function => function.Name == name);
}
