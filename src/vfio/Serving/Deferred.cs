namespace VfioSharp.Cli.Serving;

/// <summary>Something to be done at the end of a block, after what was made later in it has ended.</summary>
/// <param name="action">What.</param>
internal sealed class Deferred(Action action) : IDisposable
{
    public void Dispose() => action();
}
