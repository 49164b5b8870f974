using System.Reflection;
using System.Runtime.CompilerServices;
using VfioSharp.Tests.Accessors;

namespace VfioSharp.Devices.Tests.Access;

public class AccessorWidthTests
{
    private static uint register = 3;

    public static TheoryData<string, string> Accessors => [.. AccessorCode.Expected.Select(accessor => (accessor.Key, accessor.Value))];

    [Theory, MemberData(nameof(Accessors))]
    public void An_accessor_touches_the_BAR_once_and_with_its_width_in_the_code_of_the_JIT(string accessor, string expected) =>
        AccessorCode.BarAccesses(accessor).ShouldBe([expected]);

    // What the accessors are there to prevent; were it not so, the test above could not fail.
    [Fact]
    public void A_volatile_load_of_32_bits_of_which_8_are_used_is_seen_not_to_be_one_of_32_bits()
    {
        LowByte(ref register).ShouldBe((byte)3);
        MethodInfo method = typeof(AccessorWidthTests).GetMethod(nameof(LowByte), BindingFlags.NonPublic | BindingFlags.Static)!;
        AccessorCode.AddressedAccesses(method).ShouldNotBe(["load 4"]);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static byte LowByte(ref uint register) => (byte)Volatile.Read(ref register);
}
