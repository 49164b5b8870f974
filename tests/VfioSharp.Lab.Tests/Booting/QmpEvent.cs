using System.Text.Json;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>Something that QEMU tells unasked.</summary>
internal readonly record struct QmpEvent(string Name, JsonElement Data);
