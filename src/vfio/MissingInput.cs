using VfioSharp.Devices;

namespace VfioSharp.Cli;

/// <summary>Which of the errors that the libraries tell mean that something is not there: exit status 66, in every command.</summary>
internal static class MissingInput
{
    private const int NoSuchFile = 2; // ENOENT
    private const int Refused = 111; // ECONNREFUSED

    /// <summary>Whether a file is not there.</summary>
    public static bool IsNoSuchFile(this PciException problem) => problem.ErrorNumber == NoSuchFile;

    /// <summary>Whether nobody serves at a socket.</summary>
    public static bool IsNobodyThere(this PciException problem) => problem.ErrorNumber is NoSuchFile or Refused;
}
