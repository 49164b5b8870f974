namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>Why an isolation unit lets a message through to nobody. Each unit has a few, made once.</summary>
public sealed class MessageFault
{
    internal MessageFault(string text, int? code = null)
    {
        Text = text;
        Code = code;
    }

    /// <summary>The reason, as a short phrase.</summary>
    public string Text { get; }

    /// <summary>The number that the platform's specification gives the reason; null where it gives none.</summary>
    public int? Code { get; }

    /// <inheritdoc/>
    public override string ToString() => Code is { } code ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{code:x2}: {Text}") : Text;
}
