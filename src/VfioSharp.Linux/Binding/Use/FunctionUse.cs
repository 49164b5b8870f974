namespace VfioSharp.Linux.Binding.Use;

/// <summary>Something that goes wrong when a function is taken from its driver.</summary>
/// <param name="What">What uses it, as the end of a sentence: <c>nvme0n1p2 is mounted on /home</c>.</param>
/// <param name="Advice">What to do about it, as an order.</param>
internal readonly record struct FunctionUse(string What, string Advice)
{
    public override string ToString() => $"{What}: {Advice}";
}
