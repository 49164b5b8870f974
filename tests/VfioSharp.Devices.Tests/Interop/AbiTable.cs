namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Declarations that the same headers of C tell about.</summary>
internal sealed class AbiTable
{
    /// <summary>The headers, in the order to include them.</summary>
    public required string[] Headers { get; init; }

    /// <summary>Enums, classes and structures whose constants bear their C names: <c>Type.Member</c> is <c>Member</c> in C.</summary>
    public required Type[] SameNames { get; init; }

    /// <summary>Classes of constants that name commands without a direction: as <c>SameNames</c>, but C has the direction in them.</summary>
    public Type[] Commands { get; init; } = [];

    /// <summary>Structures whose fields bear their C names, and the array at the end that C has and we do not, if any.</summary>
    public required (Type Type, string C, string? Tail)[] Structures { get; init; }

    /// <summary>Constants with another name, or none, in C.</summary>
    public (string Name, string C)[] Expressions { get; init; } = [];
}
