namespace VfioSharp.Linux.Binding;

/// <summary>How a bind or an unbind ended.</summary>
public enum BindingStatus
{
    /// <summary>It was done.</summary>
    Done = 0,

    /// <summary>There was nothing to do: it was as asked already.</summary>
    Unchanged,

    /// <summary>It was refused before anything was touched.</summary>
    Refused,

    /// <summary>A step failed. What was there before was restored, unless the message says otherwise.</summary>
    Failed,
}
