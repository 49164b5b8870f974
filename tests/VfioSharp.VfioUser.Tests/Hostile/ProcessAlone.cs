namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Tests that count what the whole process holds, or take from it, run while no others do.</summary>
[CollectionDefinition(nameof(ProcessAlone), DisableParallelization = true)]
public sealed class ProcessAlone;
