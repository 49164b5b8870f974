namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>A function that is served, with its log.</summary>
internal sealed class House : IAsyncDisposable
{
    private readonly VfioUserServer server;

    public House(string path, int number, VfioUserServerOptions options)
    {
        Number = number;
        Function = new SoakFunction(number);
        Function.Faulted += (_, _) => { }; // what its author does wrong is meant
        server = VfioUserServer.Listen(path, options with { Logger = Log });
        _ = server.ServeAsync(Function);
    }

    public int Number { get; }

    public SoakFunction Function { get; }

    public SoakLog Log { get; } = new();

    public string Path => server.Path;

    public VfioUserServer Server => server;

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
