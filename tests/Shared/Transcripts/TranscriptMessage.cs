using System.Globalization;

namespace VfioSharp.Tests.Transcripts;

/// <summary>A message of a transcript: <c>&gt; id command flags payload [fds=n]</c>, of the server's <c>&lt; id command flags payload [fds=n] [error=n]</c>.</summary>
/// <param name="IsFromClient">Who sent it.</param>
/// <param name="Id">The number that ties command and reply.</param>
/// <param name="Command">What it asks for, or answers.</param>
/// <param name="Flags">Type and more.</param>
/// <param name="Payload">What follows the header.</param>
/// <param name="Descriptors">How many descriptors came along.</param>
/// <param name="Error">The error number.</param>
internal sealed record TranscriptMessage(bool IsFromClient, ushort Id, ushort Command, uint Flags, byte[] Payload, int Descriptors, uint Error)
{
    private const string Nothing = "-";
    private const string DescriptorsName = "fds=";
    private const string ErrorName = "error=";

    /// <exception cref="FormatException">The line is none.</exception>
    public static TranscriptMessage Parse(string line)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (line.Split(' ') is not [(">" or "<") and var side, var id, var command, var flags, var payload, .. var rest])
            throw new FormatException($"no message: {line}");
        return new(
            side == ">", ushort.Parse(id, culture), ushort.Parse(command, culture), uint.Parse(flags, NumberStyles.HexNumber, culture),
            payload == Nothing ? [] : Convert.FromHexString(payload), (int)Find(DescriptorsName), Find(ErrorName));

        uint Find(string name) => rest.SingleOrDefault(word => word.StartsWith(name, StringComparison.Ordinal)) is { } word ? uint.Parse(word.AsSpan(name.Length), culture) : 0;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsFromClient ? '>' : '<')} {Id} {Command} {Flags:x} {(Payload.Length == 0 ? Nothing : Convert.ToHexStringLower(Payload))}{Word(DescriptorsName, Descriptors)}{Word(ErrorName, Error)}");

    private static string Word(string name, long value) => value == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {name}{value}");
}
