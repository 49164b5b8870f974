using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The ways an emulated function interrupts, and the host that takes it. Not synchronized: the function's control lock is held by whoever calls.
/// </summary>
internal sealed class InterruptModel
{
    private readonly ConfigurationModel configuration;
    private readonly IntxModel intx;

    public InterruptModel(ConfigurationModel configuration, FunctionLayout layout, Func<int, BarStore?> stores)
    {
        this.configuration = configuration;
        intx = new IntxModel(this, configuration);
        Msi = layout.MsiVectors > 0 ? new MsiModel(this, configuration, layout.MsiVectors) : null;
        Msix = layout.MsixPlacement is { } placement
            ? new MsixModel(this, configuration, placement, stores(placement.TableBar)!, stores(placement.PbaBar)!) : null;
    }

    public MsixModel? Msix { get; }

    public MsiModel? Msi { get; }

    /// <summary>Who takes the interrupts; null while the function is plugged into nothing.</summary>
    public IFunctionHost? Host { get; private set; }

    /// <summary>Whether the line is replaced by messages (PCIe 6.0, 6.1.4).</summary>
    public bool UsesMessages => Msix is { IsEnabled: true } || Msi is { IsEnabled: true };

    public void Raise(int vector)
    {
        if (Msix is not null && (Msix.IsEnabled || Msi is not { IsEnabled: true }))
        {
            Msix.Raise(vector);
        }
        else
        {
            Msi?.Raise(vector);
        }
    }

    /// <summary>Whether the function has a reason to interrupt by its line.</summary>
    public bool IsIntxAsserted => intx.IsAsserted;

    public void SetIntx(bool asserted) => intx.Assert(asserted);

    public void Plug(IFunctionHost? host)
    {
        Host = host;
        intx.Plug();
        Refresh();
    }

    /// <summary>Something that holds interrupts back may have changed: sends what is pending and may now go.</summary>
    public void Refresh()
    {
        intx.Refresh();
        Msix?.Refresh();
        Msi?.Refresh();
    }

    /// <summary>Everything masked, disabled and forgotten. The configuration space was reset before.</summary>
    public void Reset()
    {
        intx.Assert(false);
        Msix?.Reset();
        Msi?.Reset();
    }

    /// <summary>Sends a message, which is a memory write and so needs <see cref="ConfigurationModel.CanMaster"/>; false where it has to wait.</summary>
    public bool Send(InterruptKind kind, int vector, ulong address, uint data) =>
        configuration.CanMaster && Host is { } host && host.Deliver(kind, vector, address, data);
}
