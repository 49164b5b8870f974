namespace VfioSharp.Devices.Tests;

/// <summary>Tests that change or count what is the whole process's: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
