namespace VfioSharp.Devices.Emulation;

/// <summary>A handler of an emulated function threw. The access read as all ones, or was dropped, and the function goes on.</summary>
/// <param name="operation">What was asked of the function: <c>read 4 bytes at 0x10 of BAR 0</c>.</param>
/// <param name="exception">What was thrown.</param>
public sealed class EmulationFaultEventArgs(string operation, Exception exception) : EventArgs
{
    /// <summary>What was asked of the function.</summary>
    public string Operation { get; } = operation;

    /// <summary>What was thrown.</summary>
    public Exception Exception { get; } = exception;
}
