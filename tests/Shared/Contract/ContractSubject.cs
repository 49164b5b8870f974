using VfioSharp.Devices;

namespace VfioSharp.Tests.Contract;

/// <summary>A function behind a backend, and what is known of it, for the contract to be asked of.</summary>
internal abstract class ContractSubject
{
    /// <summary>How reports name it.</summary>
    public abstract string Name { get; }

    public abstract ContractFeatures Features { get; }

    public abstract ushort VendorId { get; }

    public abstract ushort DeviceId { get; }

    /// <summary>A register that tells the function, at any time.</summary>
    public abstract ContractRegister Identifying { get; }

    /// <summary>A register that keeps what is written, where <see cref="ContractFeatures.Scratch"/> says so.</summary>
    public virtual ContractRegister Scratch => throw new NotSupportedException();

    /// <summary>The addresses that the function can send.</summary>
    public virtual ulong AddressMask => ulong.MaxValue;

    /// <summary>The longest copy that the function makes at once, in bytes.</summary>
    public virtual int MaxCopy => 4096;

    /// <summary>Whether a table that is not mapped can be read all the same: by the patch series' kernel, where MSIs are isolated.</summary>
    public virtual bool ShowsTrappedTable => false;

    /// <summary>How often the check that counts signals fires.</summary>
    public virtual int Signals => 2000;

    /// <summary>After this time nothing that was caused before is still on its way.</summary>
    public virtual TimeSpan Settle => TimeSpan.FromMilliseconds(30);

    /// <summary>How long a check may take before it counts as hung.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>Opens the function. It has no other user.</summary>
    public abstract ValueTask<PciFunction> OpenAsync(CancellationToken stop);

    /// <summary>Prepares an open function for what the checks make it do.</summary>
    public abstract ContractRig Prepare(PciFunction function);

    /// <summary>Asks for the function back, as an operator who unbinds it.</summary>
    public virtual ValueTask AskForRemovalAsync(PciFunction function) => throw new NotSupportedException();

    /// <summary>Makes the function vanish.</summary>
    public virtual ValueTask LoseAsync(PciFunction function) => throw new NotSupportedException();
}
