using System.Buffers.Binary;
using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Attacks;

/// <summary>One function that is after the interrupts of others.</summary>
internal sealed class Attacker
{
    private readonly VirtualHost host;
    private readonly EndpointFunction function;
    private readonly AttackOptions options;
    private readonly IsolationUnit unit;
    private readonly MsiDomain domain;
    private readonly MessageSource source;
    private readonly ImmutableArray<MessageBlock> victims;
    private readonly List<Breach> shown = [];
    private long attempts;
    private long blocked;
    private long own;
    private long unassigned;
    private long breaches;

    public Attacker(VirtualHost host, EndpointFunction function, AttackOptions options)
    {
        this.host = host;
        this.function = function;
        this.options = options;
        unit = function.Bus.HostBridge.Unit;
        domain = function.Bus.HostBridge.Domain;
        source = function.Source;
        victims = FindVictims();
    }

    public FunctionAttack Run(CancellationToken stop)
    {
        InterruptKind kind = function.Model.Core.Interrupts.Msix is not null ? InterruptKind.Msix : InterruptKind.Msi;
        bool borrows = function.Blocks.IsEmpty && function.Model.Core.Interrupts is not { Msix: null, Msi: null } && TryEnable(kind);
        try
        {
            Attack(stop);
        }
        finally
        {
            if (borrows)
            {
                function.Release(kind);
            }

            domain.Recover(source);
        }

        return new FunctionAttack(
            function.Address, function.Group?.Number, attempts, blocked, own, unassigned, breaches, [.. shown], victims.Sum(victim => victim.Interrupts.Length));
    }

    private void Attack(CancellationToken stop)
    {
        foreach (MessageBlock victim in victims)
        {
            stop.ThrowIfCancellationRequested();
            foreach (InterruptMessage message in DomainOf(victim).Forge(victim))
            {
                Try(AttackWay.Dma, message);
            }

            Try(AttackWay.MsixTable, victim.Messages.First());
        }

        Guess();
        if (host.UntranslatedFor(function) is not null && function.Blocks is [var mine, ..])
        {
            ReachForTables(mine, stop);
        }
    }

    // As many groups as possible: one of each in turn.
    private ImmutableArray<MessageBlock> FindVictims() =>
    [
        .. host.Functions.OfType<EndpointFunction>()
            .Where(IsOutside)
            .GroupBy(other => other.Group is { } group ? (object)group : other)
            .SelectMany(group => group.SelectMany(other => other.Blocks).Select((block, turn) => (block, turn)))
            .OrderBy(each => each.turn)
            .Select(each => each.block)
            .Take(options.VictimsAFunction),
    ];

    private bool IsOutside(EndpointFunction other) => other != function && (function.Group is not { } group || other.Group != group);

    // What the victim's own host bridge would take; another bridge of the platform takes the same forms.
    private MsiDomain DomainOf(MessageBlock victim) =>
        host.TryFind(victim.Source.Address, out HostFunction? owner) ? owner.Bus.HostBridge.Domain : domain;

    private void Guess()
    {
        if (victims.IsEmpty)
        {
            return;
        }

        var random = new Random(options.Seed ^ function.Address.GetHashCode());
        for (int guess = 0; guess < options.GuessesAFunction; guess++)
        {
            MessageBlock near = victims[random.Next(victims.Length)];
            ulong address = near.Address;
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                ulong changed = address ^ (1UL << random.Next(2, 64));
                address = unit.IsMessage(changed) ? changed : address;
            }

            uint data = random.Next(4) switch
            {
                0 => near.Data ^ (1u << random.Next(32)),
                1 => (uint)random.Next(256),
                2 => (uint)random.NextInt64(1L << 32),
                _ => near.Data + (uint)random.Next(64),
            };
            Try(AttackWay.Dma, new InterruptMessage(address, data));
        }
    }

    private void Try(AttackWay way, InterruptMessage message)
    {
        if (!unit.IsMessage(message.Address))
        {
            return;
        }

        // Each try on its own merits: hardware that has stopped the function for the last one would block the rest for that alone.
        domain.Recover(source);
        attempts++;
        if (function.Signal(message.Address, message.Data) is not { IsDelivered: true } outcome)
        {
            blocked++;
            return;
        }

        if (host.Processors.Find(outcome.Interrupt) is not { } taken)
        {
            unassigned++;
        }
        else if (!IsOutside(taken.Owner))
        {
            own++;
        }
        else
        {
            breaches++;
            if (shown.Count < options.BreachesKept)
            {
                shown.Add(new Breach(function.Address, way, message.Address, message.Data, taken.Owner.Address, taken.Vector, outcome.Interrupt));
            }
        }
    }

    // Its own message, and the host's tables changed so that it is another's.
    private void ReachForTables(MessageBlock mine, CancellationToken stop)
    {
        foreach (MessageBlock victim in victims.Where(victim => DomainOf(victim) == domain))
        {
            stop.ThrowIfCancellationRequested();
            TableWrite[] writes = [.. domain.Corrupt(mine, victim)];
            byte[][] before = [.. writes.Select(write => Read(write.Address))];
            foreach (TableWrite write in writes)
            {
                byte[] bytes = new byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, write.Value);
                ((IBusMemory)function).TryWrite(write.Address, bytes);
            }

            if (writes.Length > 0)
            {
                Try(AttackWay.HostTable, mine.Messages.First());
            }

            for (int i = writes.Length - 1; i >= 0; i--)
            {
                ((IBusMemory)function).TryWrite(writes[i].Address, before[i]);
            }
        }
    }

    // Whoever opens a function enables a vector, and the host sets up for it what it needs. False where the host has no interrupts left for it.
    private bool TryEnable(InterruptKind kind)
    {
        try
        {
            function.Assign(kind, 0, 1);
            return true;
        }
        catch (PciException)
        {
            return false;
        }
    }

    private byte[] Read(ulong address)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        ((IBusMemory)function).TryRead(address, bytes);
        return bytes;
    }
}
