using System.Text.Json;

namespace VfioSharp.Lab.Tests.Machines;

/// <summary>What <c>lab/prepare</c> found, fetched or built, and what it could not.</summary>
/// <param name="Qemu">The command that starts QEMU, an architecture.</param>
/// <param name="Kernels">The kernels.</param>
/// <param name="Busybox">The path of a static busybox, an architecture.</param>
/// <param name="Guests">The guest program, an architecture.</param>
/// <param name="Lspci">The folder of lspci, its libraries and its loader, an architecture.</param>
/// <param name="Missing">What could not be prepared, with the reason.</param>
internal sealed record LabManifest(
    IReadOnlyDictionary<GuestArchitecture, string[]> Qemu,
    IReadOnlyList<Kernel> Kernels,
    IReadOnlyDictionary<GuestArchitecture, string> Busybox,
    IReadOnlyDictionary<GuestArchitecture, GuestProgram> Guests,
    IReadOnlyDictionary<GuestArchitecture, string> Lspci,
    IReadOnlyDictionary<string, string> Missing)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
    };

    /// <summary>The manifest of this tree; one in which nothing is there if <c>lab/prepare</c> has not run.</summary>
    public static LabManifest Current { get; } = Load(Path.Combine(Checkout.LabFolder, "manifest.json"));

    public static LabManifest Load(string path) =>
        File.Exists(path)
            ? Parse(File.ReadAllText(path))
            : new(
                new Dictionary<GuestArchitecture, string[]>(),
                [],
                new Dictionary<GuestArchitecture, string>(),
                new Dictionary<GuestArchitecture, GuestProgram>(),
                new Dictionary<GuestArchitecture, string>(),
                new Dictionary<string, string> { ["lab"] = "it has not been prepared: run lab/prepare" });

    public static LabManifest Parse(string json) => JsonSerializer.Deserialize<LabManifest>(json, Options)!;

    /// <summary>Why a machine with this kernel cannot be booted here; null if it can.</summary>
    /// <param name="kernel">The kernel's name.</param>
    /// <param name="architecture">The machine's processor.</param>
    /// <param name="withLspci">Whether the guest is to have lspci.</param>
    public string? WhyNot(string kernel, GuestArchitecture architecture, bool withLspci = false)
    {
        if (Find(kernel, architecture) is not null && Qemu.ContainsKey(architecture) && Busybox.ContainsKey(architecture) && Guests.ContainsKey(architecture)
            && (!withLspci || Lspci.ContainsKey(architecture)))
            return null;
        return $"this machine cannot boot kernel {kernel} for {architecture}{(withLspci ? " with lspci" : "")}: {string.Join("; ", Missing.Select(part => $"{part.Key}: {part.Value}"))} (lab/prepare tries again)";
    }

    public Kernel? Find(string kernel, GuestArchitecture architecture) =>
        Kernels.FirstOrDefault(candidate => candidate.Name == kernel && candidate.Architecture == architecture);
}
