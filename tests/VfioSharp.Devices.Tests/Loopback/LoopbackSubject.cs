using VfioSharp.Pci.Isolation;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.Devices.Tests.Loopback;

/// <summary>The model joined to its driver in this process.</summary>
internal sealed class LoopbackSubject(ContractLayout layout, IsolationVerdict verdict) : ContractModelSubject(layout)
{
    public override string Name => $"{base.Name}, {verdict}";

    public override ContractFeatures Features => base.Features | ContractFeatures.Removal | ContractFeatures.Loss;

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop) =>
        ValueTask.FromResult(Devices.Loopback.Attach(Model, new LoopbackOptions { Isolation = verdict }));

    public override ValueTask AskForRemovalAsync(PciFunction function)
    {
        function.RequestRemoval();
        return ValueTask.CompletedTask;
    }

    public override ValueTask LoseAsync(PciFunction function)
    {
        function.Lose();
        return ValueTask.CompletedTask;
    }
}
