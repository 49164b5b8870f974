using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>Reads a plan from JSON (docs/virtual-host.md). Strict: what it does not know it refuses, by name and place.</summary>
internal static class HostPlanReader
{
    private const string Bridges = "rootPort, upstreamPort, downstreamPort, pcieToPci, pciToPci";
    private const string Drivers = "native, vfio-pci, none";

    /// <summary>Reads a plan.</summary>
    /// <exception cref="FormatException">It is none; the message names the place and the rule.</exception>
    public static HostPlan Read(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            JsonElement root = Object(document.RootElement, "the plan", "hostBridges");
            return new HostPlan { HostBridges = [.. List(root, "hostBridges", "").Select(each => ReadHostBridge(each.Element, each.Place))] };
        }
        catch (JsonException problem)
        {
            throw new FormatException($"not JSON: {problem.Message}", problem);
        }
    }

    private static HostBridgePlan ReadHostBridge(JsonElement json, string place)
    {
        Object(json, place, "segment", "rootBus", "slots");
        return new HostBridgePlan((uint)Number(json, "segment", place, int.MaxValue), (byte)Number(json, "rootBus", place, byte.MaxValue))
        {
            Slots = ReadSlots(json, place),
        };
    }

    private static ImmutableArray<SlotPlan> ReadSlots(JsonElement json, string place) =>
        [.. List(json, "slots", place).Select(each => ReadSlot(each.Element, each.Place))];

    private static SlotPlan ReadSlot(JsonElement json, string place)
    {
        bool isBridge = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("bridge", out _);
        if (isBridge)
        {
            Object(json, place, "at", "bridge", "acs", "slots");
        }
        else
        {
            Object(json, place, "at", "model", "driver", "acs", "virtualFunctions", "virtualDriver", "virtualOffset", "virtualStride");
        }

        (int device, int function) = ReadAddress(Text(json, "at", place) ?? throw Wrong(place, "has no 'at': the device and function number, as in \"01.0\""), place);
        bool acs = Flag(json, "acs", place, true);
        if (isBridge)
        {
            return new BridgePlan(device, function, ReadBridge(Text(json, "bridge", place)!, place)) { HasAcs = acs, Slots = ReadSlots(json, place) };
        }

        return new FunctionPlan(device, function, Text(json, "model", place) ?? throw Wrong(place, "has neither 'model' nor 'bridge': what is there?"))
        {
            HasAcs = acs,
            Driver = ReadDriver(json, "driver", place, FunctionDriver.Native),
            VirtualFunctions = Number(json, "virtualFunctions", place, PlanRules.MaxVirtualFunctions),
            VirtualDriver = ReadDriver(json, "virtualDriver", place, FunctionDriver.VfioPci),
            VirtualOffsets = ((ushort)Number(json, "virtualOffset", place, ushort.MaxValue, 0x80), (ushort)Number(json, "virtualStride", place, ushort.MaxValue, 1)),
        };
    }

    private static (int Device, int Function) ReadAddress(string text, string place)
    {
        string[] parts = text.Split('.');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int device)
            && int.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int function)
            ? (device, function)
            : throw Wrong($"{place}.at", $"is '{text}': write device and function, hexadecimal, as in \"1f.7\"");
    }

    private static BridgeKind ReadBridge(string text, string place) => text switch
    {
        "rootPort" => BridgeKind.RootPort,
        "upstreamPort" => BridgeKind.UpstreamPort,
        "downstreamPort" => BridgeKind.DownstreamPort,
        "pcieToPci" => BridgeKind.PcieToPci,
        "pciToPci" => BridgeKind.PciToPci,
        _ => throw Wrong($"{place}.bridge", $"is '{text}'; there are: {Bridges}"),
    };

    private static FunctionDriver ReadDriver(JsonElement json, string name, string place, FunctionDriver otherwise) => Text(json, name, place) switch
    {
        null => otherwise,
        "native" => FunctionDriver.Native,
        "vfio-pci" => FunctionDriver.VfioPci,
        "none" => FunctionDriver.None,
        var text => throw Wrong($"{place}.{name}", $"is '{text}'; there are: {Drivers}"),
    };

    private static JsonElement Object(JsonElement json, string place, params ReadOnlySpan<string> known)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(place, $"is no object with {string.Join(", ", known)}");
        }

        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw Wrong(place, $"has '{property.Name}', which means nothing there; there are: {string.Join(", ", known)}");
            }
        }

        return json;
    }

    private static IEnumerable<(JsonElement Element, string Place)> List(JsonElement json, string name, string place)
    {
        if (!json.TryGetProperty(name, out JsonElement list))
        {
            return [];
        }

        string path = place.Length == 0 ? name : $"{place}.{name}";
        return list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((element, index) => (element, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]")))
            : throw Wrong(path, "is no list");
    }

    private static string? Text(JsonElement json, string name, string place) => !json.TryGetProperty(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong($"{place}.{name}", "is no text");

    private static bool Flag(JsonElement json, string name, string place, bool otherwise) => !json.TryGetProperty(name, out JsonElement value) ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong($"{place}.{name}", "is neither true nor false");

    private static int Number(JsonElement json, string name, string place, int most, int otherwise = 0)
    {
        if (!json.TryGetProperty(name, out JsonElement value))
        {
            return otherwise;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0 && number <= most
            ? number : throw Wrong($"{place}.{name}", $"is no number from 0 to {most}");
    }

    private static FormatException Wrong(string place, string rule) => new($"{place} {rule}");
}
