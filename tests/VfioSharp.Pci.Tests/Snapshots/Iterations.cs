namespace VfioSharp.Pci.Tests.Snapshots;

/// <summary>How often to repeat what is random: VFIOSHARP_LONG=1 asks for much more than the default.</summary>
internal static class Iterations
{
    public static int Factor => Environment.GetEnvironmentVariable("VFIOSHARP_LONG") == "1" ? 100 : 1;
}
