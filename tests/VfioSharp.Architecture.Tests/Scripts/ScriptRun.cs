namespace VfioSharp.Architecture.Tests.Scripts;

/// <summary>What a script left behind.</summary>
internal sealed record ScriptRun(int ExitStatus, string Output, string Errors)
{
    public string LastLine => Output.TrimEnd('\n').Split('\n')[^1];
}
