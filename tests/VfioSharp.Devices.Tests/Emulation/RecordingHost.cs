using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Takes interrupts and writes them down.</summary>
internal sealed class RecordingHost : IFunctionHost
{
    private readonly List<string> heard = [];

    public bool Takes { get; set; } = true;

    /// <summary>What came since the last time.</summary>
    public string[] Heard
    {
        get
        {
            string[] all = [.. heard];
            heard.Clear();
            return all;
        }
    }

    public bool Deliver(InterruptKind kind, int vector, ulong address, uint data)
    {
        if (Takes)
        {
            heard.Add($"{kind} {vector} {address:x} {data:x}");
        }

        return Takes;
    }

    public void SetIntx(bool asserted) => heard.Add(asserted ? "INTx up" : "INTx down");
}
