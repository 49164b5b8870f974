using VfioSharp.Devices;

namespace VfioSharp.Tests.Contract.Model;

/// <summary>The model behind some backend, which a derived class opens.</summary>
internal abstract class ContractModelSubject(ContractLayout layout) : ContractSubject
{
    /// <summary>The model; the same for all openings.</summary>
    protected ContractModel Model { get; } = new ContractModel(layout).Initialize();

    public override string Name => layout.Name;

    public override ContractFeatures Features =>
        ContractFeatures.Scratch | ContractFeatures.NarrowAccess | ContractFeatures.Msix | ContractFeatures.Msi | ContractFeatures.Intx
        | ContractFeatures.Dma | ContractFeatures.Reset;

    public override ushort VendorId => ContractModel.VendorId;

    public override ushort DeviceId => ContractModel.DeviceId;

    public override ContractRegister Identifying => new(ContractModel.RegisterBar, layout.Shared?.Offset ?? ContractModel.Identity, ContractModel.IdentityValue);

    public override ContractRegister Scratch =>
        new(ContractModel.RegisterBar, layout.Shared?.Offset + 4 ?? ContractModel.Scratch, ContractModel.ScratchDefault);

    public override ContractRig Prepare(PciFunction function) => new ContractModelRig(function);
}
