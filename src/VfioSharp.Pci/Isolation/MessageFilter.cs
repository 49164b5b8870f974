using System.Collections.Immutable;

namespace VfioSharp.Pci.Isolation;

/// <summary>
/// What a platform does to the messages of one function, supposing that an IOMMU translates its DMA. The part of the verdict that each
/// platform derives in its own way; groups and VFIO are put on top of it in one place.
/// </summary>
internal sealed record MessageFilter
{
    /// <summary>Whether messages are confined.</summary>
    public IsolationVerdict Verdict { get; init; }

    /// <summary>Whether the hardware or firmware claims to be able to confine them; null where nothing claims or denies it.</summary>
    public bool? Advertised { get; init; }

    /// <summary>Whether a confining mechanism is at work; null where nothing tells.</summary>
    public bool? InUse { get; init; }

    /// <summary>What VFIO's own question to this kernel would be answered, before any override; null where it cannot be told.</summary>
    public bool? KernelAnswer { get; init; }

    /// <summary>
    /// Whether nothing is missing but whether the mechanism is at work, so that the kernel's consent to attach the group settles it. Not where the kernel's
    /// answer speaks of something else than the function's own messages, as behind VMD or under a hypervisor.
    /// </summary>
    public bool AttachSettles { get; init; }

    /// <summary>The evidence.</summary>
    public ImmutableArray<IsolationFinding> Findings { get; init; } = [];

    /// <summary>The evidence that decided: the first, unless a later one was worse.</summary>
    public string? Reason
    {
        get => field ?? (Findings is [var first, ..] ? first.Text : null);
        private init;
    }

    /// <summary>What an operator can do where messages are not confined.</summary>
    public string? Advice { get; init; }

    public MessageFilter With(string source, string text) => this with { Findings = Findings.Add(new(source, text)) };

    /// <summary>Evidence that messages are not confined, whatever was found before.</summary>
    public MessageFilter Refute(string source, string text) => (this with { Verdict = IsolationVerdict.NotIsolated, Reason = text }).With(source, text);

    public static MessageFilter Unknown(string source, string text) => new MessageFilter().With(source, text);
}
