using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>A driver of the host's own kernel: it enables vectors, and takes what arrives. It does no more.</summary>
/// <param name="function">The function it holds.</param>
internal sealed class NativeDriver(EndpointFunction function) : IFunctionHost
{
    private const int MostVectors = 8;

    /// <summary>How many vectors it has.</summary>
    public int Vectors { get; private set; }

    /// <summary>How it interrupts.</summary>
    public InterruptKind Kind { get; private set; } = InterruptKind.Intx;

    /// <summary>Takes hold of the function.</summary>
    /// <exception cref="Devices.PciException">The host has no interrupts left.</exception>
    public void Bind()
    {
        FunctionCore core = function.Model.Core;
        using (core.EnterControl())
        {
            core.Interrupts.Plug(this);
            core.Configuration.Enable(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster);
            if (core.Interrupts.Msix is { } msix)
            {
                Kind = InterruptKind.Msix;
                Vectors = Math.Min(msix.Count, MostVectors);
                for (int vector = 0; vector < Vectors; vector++)
                {
                    (ulong address, uint data) = function.Assign(Kind, vector, 1);
                    msix.SetMessage(vector, address, data);
                    msix.SetMask(vector, false);
                }

                core.Configuration.Set16(core.Configuration.Capabilities.Msix + 2, ConfigurationImage.MsixEnable, true);
            }
            else if (core.Interrupts.Msi is { } msi)
            {
                Kind = InterruptKind.Msi;
                Vectors = 1;
                (ulong address, uint data) = function.Assign(Kind, 0, 1);
                msi.SetMessage(address, data);
                msi.SetMask(0, false);
                msi.Enable(true);
            }

            core.Interrupts.Refresh();
        }
    }

    /// <summary>Lets go of it, quiet.</summary>
    public void Unbind()
    {
        FunctionCore core = function.Model.Core;
        using (core.EnterControl())
        {
            core.Configuration.Set16(ConfigurationImage.Command, (ushort)PciCommand.BusMaster, false);
            if (core.Interrupts.Msix is { } msix)
            {
                core.Configuration.Set16(core.Configuration.Capabilities.Msix + 2, ConfigurationImage.MsixEnable, false);
                for (int vector = 0; vector < msix.Count; vector++)
                {
                    msix.SetMask(vector, true);
                }
            }

            core.Interrupts.Msi?.Enable(false);
            core.Interrupts.Plug(null);
            function.Release(Kind);
        }
    }

    /// <inheritdoc/>
    bool IFunctionHost.Deliver(InterruptKind kind, int vector, ulong address, uint data)
    {
        function.Post(address, data);
        return true;
    }

    /// <inheritdoc/>
    void IFunctionHost.SetIntx(bool asserted)
    {
    }
}
