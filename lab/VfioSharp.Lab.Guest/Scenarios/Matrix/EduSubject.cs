using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Contract;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>The educational device for the contract: MSI, the legacy line, DMA.</summary>
internal sealed class EduSubject(Cell cell) : ContractSubject
{
    public override string Name => cell.Name("contract");

    public override ContractFeatures Features => ContractFeatures.Scratch | ContractFeatures.Msi | ContractFeatures.Intx | ContractFeatures.Dma;

    public override ushort VendorId => EduDriver.Edu.VendorId;

    public override ushort DeviceId => EduDriver.Edu.DeviceId;

    public override ContractRegister Identifying => new(0, 0, EduRegisters.IdentificationValue);

    public override ContractRegister Scratch => new(0, EduRegisters.DmaSource, 0);

    public override int MaxCopy => EduDriver.Edu.BufferLength;

    public override TimeSpan Settle => Cell.Settle;

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop) => cell.OpenAsync(MsixTableRule.RequireIsolation, stop);

    public override ContractRig Prepare(PciFunction function) => new Rig(function);

    private sealed class Rig(PciFunction function) : ContractRig(function)
    {
        private Registers Registers => Bar(0).Registers;

        public override void Fire(int vector)
        {
            AssertLine();
            LowerLine();
        }

        public override void AssertLine() => EduRegisters.Raise(Registers, 1);

        public override void LowerLine() => EduRegisters.Acknowledge(Registers, uint.MaxValue);

        public override async ValueTask CopyAsync(Iova source, Iova destination, int length, CancellationToken stop)
        {
            await EduRegisters.FetchAsync(Registers, source, length, stop);
            await EduRegisters.StoreAsync(Registers, destination, length, stop);
        }
    }
}
