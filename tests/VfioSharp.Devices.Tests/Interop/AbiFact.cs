namespace VfioSharp.Devices.Tests.Interop;

/// <summary>One number of the kernel's ABI as we declare it, and the C expression that must have the same value.</summary>
/// <param name="Name">Our declaration: <c>Type.Member</c>, or the type's name for its size.</param>
/// <param name="C">An integer constant expression of C.</param>
/// <param name="Value">Our value.</param>
public sealed record AbiFact(string Name, string C, object Value)
{
    /// <summary>The assertion in C. Unsigned throughout, so that a negative constant compares as its bits.</summary>
    public string ToAssertion() => $"_Static_assert((unsigned long long)({C}) == (unsigned long long){Literal}, \"{Name}\");";

    private string Literal => Value is ulong or uint or ushort or byte ? $"{Value}ULL" : $"({Value}LL)";
}
