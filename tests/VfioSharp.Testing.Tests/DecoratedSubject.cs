using VfioSharp.Devices;
using VfioSharp.Testing.Faults;
using VfioSharp.Testing.Guards;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.Testing.Tests;

/// <summary>The contract's model with something around it.</summary>
internal sealed class DecoratedSubject(ContractLayout layout, string decoration) : ContractModelSubject(layout)
{
    public const string EmptyPlan = "an empty plan";
    public const string EmptyPlanInside = "an empty plan on the function's side";
    public const string RulesThatSpare = "rules on both sides that spare everything";
    public const string Guards = "guards";

    private const string Sparing =
        "seed=1; read-register drop skip=2000000000; write-register drop skip=2000000000; interrupt drop skip=2000000000; "
        + "read-memory refuse skip=2000000000; write-memory drop skip=2000000000; map-memory refuse skip=2000000000";

    private FunctionFaults? inside;

    public override ContractFeatures Features => base.Features | ContractFeatures.Removal | ContractFeatures.Loss;

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop)
    {
        if (decoration is EmptyPlanInside or RulesThatSpare)
        {
            inside ??= FunctionFaults.Inject(Model, decoration == EmptyPlanInside ? FaultPlan.None : FaultPlan.Parse(Sparing));
        }

        PciFunction function = Loopback.Attach(Model);
        return ValueTask.FromResult<PciFunction>(decoration switch
        {
            Guards => GuardedFunction.Wrap(function),
            RulesThatSpare => FaultyFunction.Wrap(function, FaultPlan.Parse(Sparing)),
            EmptyPlan => FaultyFunction.Wrap(function, FaultPlan.None),
            _ => function,
        });
    }

    // What is behind the decorator is asked for, or vanishes; the driver holds the decorator.
    public override ValueTask AskForRemovalAsync(PciFunction function)
    {
        Behind(function).RequestRemoval();
        return ValueTask.CompletedTask;
    }

    public override ValueTask LoseAsync(PciFunction function)
    {
        Behind(function).Lose();
        return ValueTask.CompletedTask;
    }

    private static PciFunction Behind(PciFunction function) => function is FunctionDecorator decorator ? decorator.Inner : function;
}
