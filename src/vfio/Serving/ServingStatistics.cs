using System.Globalization;
using System.Text.Json;
using VfioSharp.Cli.Output;
using VfioSharp.Nvme.Controller;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Serving;

/// <summary>What a server has counted, for a person or (schema <c>vfiosharp.serve/1</c>, docs/json.md) for a program.</summary>
internal static class ServingStatistics
{
    public const string Schema = "vfiosharp.serve/1";

    // By VFIO's numbers.
    private static readonly string[] Regions = ["BAR 0", "BAR 1", "BAR 2", "BAR 3", "BAR 4", "BAR 5", "ROM", "configuration space", "VGA"];
    private static readonly string[] JsonRegions = ["bar0", "bar1", "bar2", "bar3", "bar4", "bar5", "rom", "configuration", "vga"];

    /// <summary>Writes a block of lines.</summary>
    public static void Write(TextWriter output, string function, string socket, VfioUserStatistics counts, NvmeControllerStatistics? nvme)
    {
        output.WriteLine($"{function} at {socket}");
        Line($"clients     {counts.Clients}; {counts.Faults} connections ended for what their peer did");
        Line($"messages    {counts.Messages}, {counts.Refusals} refused; {counts.Receives} receives, {counts.Sends} sends");
        Line($"reads       {Join(counts.RegionReads)}");
        Line($"writes      {Join(counts.RegionWrites)}");
        Line($"interrupts  {counts.Interrupts}");
        Line($"memory      {counts.MemoryMessages} messages for what cannot be reached without");
        if (nvme is { } controller)
        {
            Line($"commands    {controller.Reads} reads, {controller.Writes} writes, {controller.IoCommands - controller.Reads - controller.Writes} others, {controller.AdminCommands} admin; {controller.Errors} failed");
            Line($"data        {controller.BytesRead} bytes read, {controller.BytesWritten} written");
            Line($"doorbells   {controller.DoorbellsSeen} seen, {controller.DoorbellsTrapped} by messages; slept {controller.Sleeps} times; enabled {controller.Enables} times");
        }

        void Line(FormattableString text) => output.WriteLine("  " + text.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Writes a document on one line.</summary>
    public static void WriteJson(TextWriter output, string function, string socket, VfioUserStatistics counts, NvmeControllerStatistics? nvme) => JsonOutput.WriteLine(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("function", function);
        json.WriteString("socket", socket);
        json.WriteNumber("clients", counts.Clients);
        json.WriteNumber("faults", counts.Faults);
        json.WriteNumber("messages", counts.Messages);
        json.WriteNumber("refusals", counts.Refusals);
        json.WriteNumber("interrupts", counts.Interrupts);
        json.WriteNumber("memoryMessages", counts.MemoryMessages);
        json.WriteNumber("receives", counts.Receives);
        json.WriteNumber("sends", counts.Sends);
        WriteRegions(json, "reads", counts.RegionReads);
        WriteRegions(json, "writes", counts.RegionWrites);
        WriteController(json, nvme);
        json.WriteEndObject();
    });

    private static void WriteController(Utf8JsonWriter json, NvmeControllerStatistics? nvme)
    {
        if (nvme is not { } controller)
        {
            json.WriteNull("nvme");
            return;
        }

        json.WriteStartObject("nvme");
        json.WriteNumber("adminCommands", controller.AdminCommands);
        json.WriteNumber("ioCommands", controller.IoCommands);
        json.WriteNumber("reads", controller.Reads);
        json.WriteNumber("writes", controller.Writes);
        json.WriteNumber("bytesRead", controller.BytesRead);
        json.WriteNumber("bytesWritten", controller.BytesWritten);
        json.WriteNumber("errors", controller.Errors);
        json.WriteNumber("doorbellsSeen", controller.DoorbellsSeen);
        json.WriteNumber("doorbellsTrapped", controller.DoorbellsTrapped);
        json.WriteNumber("interrupts", controller.Interrupts);
        json.WriteNumber("sleeps", controller.Sleeps);
        json.WriteNumber("enables", controller.Enables);
        json.WriteEndObject();
    }

    private static string Join(IReadOnlyList<long> counts)
    {
        string text = string.Join(", ", Regions.Zip(counts).Where(pair => pair.Second != 0)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.First} {pair.Second}")));
        return text.Length == 0 ? "none over the socket" : text;
    }

    private static void WriteRegions(Utf8JsonWriter json, string name, IReadOnlyList<long> counts)
    {
        json.WriteStartObject(name);
        foreach ((string region, long count) in JsonRegions.Zip(counts))
        {
            json.WriteNumber(region, count);
        }

        json.WriteEndObject();
    }
}
