using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Contract;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A network function for the contract: MSI-X, a register that keeps what is written, reset.</summary>
internal sealed class IgbSubject(Cell cell) : ContractSubject
{
    // Receive Address Low 1: of the second of the MAC addresses, which nobody has set.
    private const ulong SecondAddress = Igb.ReceiveAddressLow + 8;

    public override string Name => cell.Name("contract");

    public override ContractFeatures Features => ContractFeatures.Scratch | ContractFeatures.Msix | ContractFeatures.Reset;

    public override ushort VendorId => 0x8086;

    public override ushort DeviceId => 0x10C9;

    public override ContractRegister Identifying => new(0, Igb.ReceiveAddressLow, Igb.DefaultAddress);

    public override ContractRegister Scratch => new(0, SecondAddress, 0);

    public override int Signals => cell.Rounds;

    public override TimeSpan Settle => Cell.Settle;

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop) => cell.OpenAsync(MsixTableRule.RequireIsolation, stop);

    public override ContractRig Prepare(PciFunction function) => new Rig(function);

    private sealed class Rig(PciFunction function) : ContractRig(function)
    {
        private Registers Registers => Bar(0).Registers;

        public override void PrepareToFire() => Igb.EnableCauses(Registers, Function.MsixVectorCount);

        public override void Fire(int vector) => Igb.Fire(Registers, vector);
    }
}
