using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Tests.Contract.Model;

/// <summary>Drives the model.</summary>
internal sealed class ContractModelRig(PciFunction function) : ContractRig(function)
{
    private Registers Registers => Bar(ContractModel.RegisterBar).Registers;

    public override void Fire(int vector) => Registers.Write32(ContractModel.Fire, (uint)vector);

    public override void AssertLine() => Registers.Write32(ContractModel.Line, 1);

    public override void LowerLine() => Registers.Write32(ContractModel.Line, 0);

    public override ValueTask CopyAsync(Iova source, Iova destination, int length, CancellationToken stop)
    {
        Registers.Write64(ContractModel.Source, source.Value);
        Registers.Write32(ContractModel.Destination, destination.Low);
        Registers.Write32(ContractModel.Destination + 4, destination.High);
        Registers.Write32(ContractModel.Length, (uint)length);
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(ContractModel.Copy, 1);
        return ValueTask.CompletedTask;
    }
}
