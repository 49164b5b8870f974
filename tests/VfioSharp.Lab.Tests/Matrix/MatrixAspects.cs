namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>What is tried of each function once it is open, by the names under which the guest reports it.</summary>
internal static class MatrixAspects
{
    private static readonly string[] Table = ["table", "never-map", "accept-risk"];

    private static readonly Dictionary<string, string[]> Own = new()
    {
        ["nvme"] = ["identify", "identify-trapped", "identify-at-risk", "reenabling"],
        ["igb"] = ["vectors", "masking", "reenabling", "resizing"],
        ["xhci"] = ["commands", "pending-bit", "pending-bit-trapped"],
        ["edu"] = ["msi", "copies", "edges", "released", "lesson"],
        ["virtio"] = [],
    };

    /// <summary>Every check of a function, but those of the contract.</summary>
    public static IEnumerable<string> Of(string device) => ["identity", .. device == "edu" ? [] : Table, .. Own[device]];

    /// <summary>Whether a function has a table.</summary>
    public static bool HasTable(string device) => device != "edu";

    /// <summary>Whether the contract is asked of it.</summary>
    public static bool HasContract(string device) => device is "igb" or "edu";
}
