using System.Collections.Immutable;
using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>
/// Binds PCI functions to vfio-pci and gives them back to the driver they had, through sysfs's <c>driver_override</c>. Every member may be used by
/// several threads and processes at once: changes take turns.
/// </summary>
/// <remarks>
/// A bind is all or nothing: where a step fails, what was there before is put back. Between its first step and its last a process should not be ended;
/// if it is, <see cref="Unbind"/> finds what was left. The former driver is kept in a file under <c>/run/vfiosharp</c> until then or until a reboot.
/// </remarks>
public sealed class VfioBinding
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HostTree tree;
    private readonly string? root;
    private readonly IBindingHost? host;
    private readonly Func<string, bool>? isClaimed;

    /// <summary>Opens a host.</summary>
    /// <param name="root">As for <see cref="LinuxHost.OpenTree"/>. A plan can be made for any host; only below a folder can anything be changed.</param>
    /// <inheritdoc cref="LinuxHost.OpenTree" path="/exception"/>
    public VfioBinding(string? root = null)
    {
        tree = LinuxHost.OpenTree(root);
        this.root = root is null ? "/" : Directory.Exists(root) ? Path.GetFullPath(root) : null;
        host = this.root is null ? null : new LinuxBindingHost(tree, this.root);
        isClaimed = this.root == "/" ? BlockClaim.IsHeld : null;
    }

    internal VfioBinding(HostTree tree, IBindingHost host, string lockRoot) => (this.tree, this.host, root) = (tree, host, lockRoot);

    /// <summary>What every function is bound to.</summary>
    public ImmutableArray<FunctionBinding> List()
    {
        var evidence = new BindingEvidence(tree); // looking opens no devices
        return [.. HostAudit.Of(evidence.Host).Functions.Select(function => Describe(evidence, function))];
    }

    /// <summary>What <see cref="Bind"/> would do.</summary>
    public BindingPlan PlanBind(PciAddress address, BindOptions? options = null) => BindPlanner.Plan(new BindingEvidence(tree, isClaimed), address, options ?? new BindOptions());

    /// <summary>What <see cref="Unbind"/> would do.</summary>
    public BindingPlan PlanUnbind(PciAddress address, UnbindOptions? options = null) =>
        UnbindPlanner.Plan(new BindingEvidence(tree, isClaimed), address, options ?? new UnbindOptions());

    /// <summary>Binds a function to vfio-pci. Nothing happens where it is bound already.</summary>
    /// <exception cref="InvalidOperationException">The host is an archive.</exception>
    public BindOutcome Bind(PciAddress address, BindOptions? options = null) =>
        Run(() => PlanBind(address, options), (executor, plan) => executor.Bind(plan));

    /// <summary>
    /// Gives a function back to the driver it had before <see cref="Bind"/>, or to the one that the kernel chooses where that is not known. Nothing happens
    /// where it is not bound to vfio-pci.
    /// </summary>
    /// <inheritdoc cref="Bind" path="/exception"/>
    public BindOutcome Unbind(PciAddress address, UnbindOptions? options = null) =>
        Run(() => PlanUnbind(address, options), (executor, plan) => executor.Unbind(plan));

    private BindOutcome Run(Func<BindingPlan> makePlan, Func<BindingExecutor, BindingPlan, BindOutcome> carryOut)
    {
        if (host is null || root is null)
        {
            throw new InvalidOperationException("An archive's host cannot be changed.");
        }

        // What needs no change needs no privilege either. What does is planned anew once nobody else changes anything.
        BindingPlan plan = makePlan();
        if (End(plan) is { } early)
        {
            return early;
        }

        try
        {
            using IDisposable turn = HostLock.Take(root, Patience);
            plan = makePlan();
            return End(plan) ?? carryOut(new BindingExecutor(host), plan);
        }
        catch (UnauthorizedAccessException)
        {
            return new BindOutcome(plan.Address, BindingStatus.Failed, $"{plan.Address}: /run may not be written: run it as root", plan.Notes);
        }
        catch (IOException problem)
        {
            return new BindOutcome(plan.Address, BindingStatus.Failed, $"{plan.Address}: {problem.Message}", plan.Notes);
        }
    }

    private static BindOutcome? End(BindingPlan plan) =>
        plan.IsRefused ? new BindOutcome(plan.Address, BindingStatus.Refused, string.Join("; ", plan.Refusals.Select(refusal => refusal.Reason)), plan.Notes)
        : plan.Steps.IsEmpty ? new BindOutcome(plan.Address, BindingStatus.Unchanged, plan.Explanation, plan.Notes)
        : null;

    private static FunctionBinding Describe(BindingEvidence evidence, FunctionAudit function)
    {
        bool isBound = BindingEvidence.IsVfioPci(function.Evidence.Driver);
        bool isFit = function.Assignability is { IsAssignable: true } or { Blockers.IsEmpty: false };
        return new FunctionBinding
        {
            Evidence = function.Evidence,
            IsBound = isBound,
            IsCandidate = isBound || (isFit && !evidence.IsIommu(function.Evidence)),
            Assignability = function.Assignability,
            FormerDriver = isBound ? evidence.RecordOf(function.Evidence)?.Driver : null,
            DriverOverride = evidence.OverrideOf(function.Address),
            Nodes = isBound ? [.. evidence.NodesOf(function.Evidence)] : [],
            Holders = isBound ? [.. evidence.HoldersOf(function.Evidence)] : [],
            Uses = [.. evidence.UsesOf(function.Evidence).Select(use => use.What)],
        };
    }
}
