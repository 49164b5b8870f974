using VfioSharp.Devices.Access;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>What is tried on one kind of function once it can be opened.</summary>
/// <param name="name">What the host calls it.</param>
/// <param name="id">Its vendor and device ID, as <c>8086:10c9</c>.</param>
internal abstract class DeviceTrial(string name, string id)
{
    public string Name => name;

    public string Id => id;

    public abstract Task RunAsync(Cell cell);

    /// <summary>
    /// A register that never changes reads the same through the mapping and through the region. At the risk of the caller, for where pages are large it lies on
    /// the table's.
    /// </summary>
    protected static Task IdentityAsync(Cell cell, ulong register, Func<uint, bool> isRight) => cell.TryAsync("identity", (function, _) =>
    {
        using Bar bar = function.MapBar(0);
        ExpectMapped(bar, new ByteRange(register, sizeof(uint)));
        uint mapped = bar.Registers.Read32(register);
        Expect.Equal(Cell.ReadRegion32(function, 0, register), mapped, "through the region and through the mapping");
        Expect.That(isRight(mapped), $"the register at 0x{register:x} reads 0x{mapped:x}");
        return Task.CompletedTask;
    }, MsixTableRule.AcceptRisk);

    protected static void ExpectMapped(Bar bar, ByteRange register) =>
        Expect.That(bar.Mapped.Any(range => range.Contains(register)), $"the register at {register} is not mapped");
}
