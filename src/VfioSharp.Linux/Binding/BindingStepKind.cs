namespace VfioSharp.Linux.Binding;

/// <summary>What one step of a bind or an unbind does.</summary>
public enum BindingStepKind
{
    /// <summary>Loads a kernel module.</summary>
    LoadModule = 0,

    /// <summary>Writes down what the function's driver was, in a file that does not survive a reboot.</summary>
    Remember,

    /// <summary>Writes to a file of sysfs.</summary>
    Write,

    /// <summary>Removes what <see cref="Remember"/> wrote.</summary>
    Forget,
}
