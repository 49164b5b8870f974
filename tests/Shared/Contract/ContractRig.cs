using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Tests.Contract;

/// <summary>An open function with the few things that the checks make it do, which every function does in its own way.</summary>
internal abstract class ContractRig(PciFunction function) : IDisposable
{
    private readonly Dictionary<int, Bar> bars = [];

    public PciFunction Function => function;

    /// <summary>A BAR, mapped once.</summary>
    public Bar Bar(int index) => bars.TryGetValue(index, out Bar? bar) ? bar : bars[index] = function.MapBar(index);

    public uint Read(ContractRegister register) => Bar(register.Bar).Registers.Read32(register.Offset) & register.Mask;

    public void Write(ContractRegister register, uint value) => Bar(register.Bar).Registers.Write32(register.Offset, value & register.Mask);

    /// <summary>Sets up what <see cref="Fire"/> needs; called when vectors have been enabled, and again after a reset.</summary>
    public virtual void PrepareToFire()
    {
    }

    /// <summary>Makes the function signal a vector, in whichever way is enabled.</summary>
    public virtual void Fire(int vector) => throw new NotSupportedException();

    /// <summary>Makes the function assert its legacy line.</summary>
    public virtual void AssertLine() => throw new NotSupportedException();

    /// <summary>Makes the function let go of its legacy line.</summary>
    public virtual void LowerLine() => throw new NotSupportedException();

    /// <summary>Makes the function copy memory, and waits until it says that it is done, whatever came of it.</summary>
    public virtual ValueTask CopyAsync(Iova source, Iova destination, int length, CancellationToken stop) => throw new NotSupportedException();

    public void Dispose()
    {
        foreach (Bar bar in bars.Values)
        {
            bar.Dispose();
        }
    }
}
