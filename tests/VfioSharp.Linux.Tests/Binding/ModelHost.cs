using System.Collections.Immutable;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

/// <summary>
/// A host whose files say what the driver core would have made of the steps taken so far: drivers, overrides and records lie over the files of a
/// captured or made-up host. Steps fail where a test wants them to.
/// </summary>
internal sealed class ModelHost : HostTree, IBindingHost
{
    private const string Devices = BindingStep.Devices + "/";
    private const string Drivers = BindingStep.Drivers + "/";

    private readonly HostTree files;
    private readonly Dictionary<string, string?> native = [];
    private readonly Dictionary<string, string?> driver = [];
    private readonly Dictionary<string, string?> overrides = [];
    private readonly Dictionary<string, string> records = [];
    private readonly HashSet<string> loaded;

    public ModelHost(HostTree files)
    {
        this.files = files;
        foreach (string name in files.List(BindingStep.Devices))
        {
            driver[name] = files.ReadLinkName($"{Devices}{name}/driver");
            overrides[name] = files.Read($"{Devices}{name}/driver_override").Text is { Length: > 0 } text && text != "(null)" ? text : null;
            native[name] = overrides[name] is null ? driver[name] : null;
        }

        loaded = [.. driver.Values.OfType<string>(), "vfio-pci"];
    }

    /// <summary>The steps that were asked for, those that failed included.</summary>
    public List<BindingStep> Steps { get; } = [];

    /// <summary>Says what goes wrong with a step, by its place among all, or null for nothing.</summary>
    public Func<int, BindingStep, Errno?> Fails { get; init; } = (_, _) => null;

    /// <summary>A driver that has been told to take every function, or null.</summary>
    public string? Ids { get; init; }

    /// <summary>Whether a step that fails has had its effect nevertheless.</summary>
    public bool FailsAfterwards { get; init; }

    /// <summary>Everything that binding changes, to compare.</summary>
    public ImmutableSortedDictionary<string, string> State =>
        driver.Select(each => KeyValuePair.Create(each.Key, $"{each.Value ?? "-"} override {overrides[each.Key] ?? "-"} record {records.GetValueOrDefault(BindingRecord.Folder + "/" + each.Key) ?? "-"}"))
            .ToImmutableSortedDictionary();

    public VfioBinding Open(TemporaryFolder folder) => new(this, this, folder.Path);

    public ModelHost Unload(string name)
    {
        loaded.Remove(name);
        return this;
    }

    public ModelHost With(string function, string? driver = null, string? driverOverride = null, string? record = null)
    {
        (this.driver[function], overrides[function]) = (driver, driverOverride);
        if (record is not null)
        {
            records[BindingRecord.Folder + "/" + function] = record;
        }

        return this;
    }

    public string? DriverOf(PciAddress address) => driver.GetValueOrDefault(address.ToString());

    public string? OverrideOf(PciAddress address) => overrides.GetValueOrDefault(address.ToString());

    public BindingFault? Perform(BindingStep step)
    {
        Errno? failure = Fails(Steps.Count, step);
        Steps.Add(step);
        if (failure is not null && !FailsAfterwards)
        {
            return new BindingFault(failure.Value);
        }

        Errno error = failure ?? Errno.None;
        Errno effect = Take(step);
        error = error == Errno.None ? effect : error;
        return error == Errno.None ? null : new BindingFault(error);
    }

    public override HostFile Read(string path) =>
        records.TryGetValue(path, out string? record) ? HostFile.Of(System.Text.Encoding.ASCII.GetBytes(record))
        : FunctionFile(path, "driver_override") is { } function ? HostFile.Of(System.Text.Encoding.ASCII.GetBytes((overrides[function] ?? "(null)") + "\n"))
        : files.Read(path);

    public override IReadOnlyList<string> List(string path) =>
        path == BindingStep.Drivers ? [.. loaded.Order(StringComparer.Ordinal)] : files.List(path);

    public override string? ReadLink(string path) =>
        FunctionFile(path, "driver") is { } function ? driver[function] is { } name ? $"../../../bus/pci/drivers/{name}" : null : files.ReadLink(path);

    private string? FunctionFile(string path, string file) =>
        path.StartsWith(Devices, StringComparison.Ordinal) && path[Devices.Length..].Split('/') is [var name, var last] && last == file && driver.ContainsKey(name) ? name : null;

    private Errno Take(BindingStep step)
    {
        switch (step.Kind)
        {
            case BindingStepKind.LoadModule:
                loaded.Add(step.Target);
                return Errno.None;
            case BindingStepKind.Remember:
                records[step.Target] = step.Text;
                return Errno.None;
            case BindingStepKind.Forget:
                records.Remove(step.Target);
                return Errno.None;
        }

        if (FunctionFile(step.Target, "driver_override") is { } overridden)
        {
            overrides[overridden] = step.Text.Length == 0 ? null : step.Text;
            return Errno.None;
        }

        if (step.Target == "sys/bus/pci/drivers_probe")
        {
            string? best = overrides[step.Text] ?? Ids ?? native[step.Text];
            driver[step.Text] ??= best is not null && loaded.Contains(best) ? best : null;
            return Errno.None;
        }

        string[] parts = step.Target[Drivers.Length..].Split('/');
        return !loaded.Contains(parts[0]) ? Errno.ENOENT : parts[1] == "unbind" ? Unbind(step.Text, parts[0]) : Bind(step.Text, parts[0]);
    }

    private Errno Unbind(string function, string from)
    {
        if (driver[function] != from)
        {
            return Errno.ENODEV;
        }

        driver[function] = null;
        return Errno.None;
    }

    // As bind_store() of drivers/base/bus.c, pci_match_device() of drivers/pci/pci-driver.c and vfio-pci's probe have it.
    private Errno Bind(string function, string to)
    {
        if ((overrides[function] ?? native[function]) != to)
        {
            return Errno.ENODEV;
        }

        if (driver[function] is not null)
        {
            return Errno.EBUSY;
        }

        if (to == "vfio-pci" && files.ReadLink($"{Devices}{function}/iommu_group") is null)
        {
            return Errno.EINVAL;
        }

        driver[function] = to;
        return Errno.None;
    }
}
