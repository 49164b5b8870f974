namespace VfioSharp.Pci.Configuration;

/// <summary>Access control services: what a port or function can keep apart (PCIe 6.0, 6.12).</summary>
[Flags]
public enum AcsServices
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Requests with a requester ID from outside the bus range behind the port are refused.</summary>
    SourceValidation = 1 << 0,

    /// <summary>Requests that claim to be translated already are refused.</summary>
    TranslationBlocking = 1 << 1,

    /// <summary>Requests from one function to another go up to the root complex first.</summary>
    RequestRedirect = 1 << 2,

    /// <summary>Completions between functions go up to the root complex first.</summary>
    CompletionRedirect = 1 << 3,

    /// <summary>What was redirected may come back through the port it came from.</summary>
    UpstreamForwarding = 1 << 4,

    /// <summary>A bit a port or function says to whom requests may go.</summary>
    EgressControl = 1 << 5,

    /// <summary>Translated requests may go from function to function directly, redirection or not.</summary>
    DirectTranslated = 1 << 6,

    /// <summary>The enhanced controls of PCIe 5.0 are there: I/O blocking and memory target access control.</summary>
    Enhanced = 1 << 7,
}
