using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Devices.Tests.Interop;

public sealed class AbiTests
{
    public static TheoryData<Architecture> Architectures =>
        [Architecture.X64, Architecture.Arm64, Architecture.Ppc64le, Architecture.S390x, Architecture.RiscV64];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_C_compiler_agrees_with_every_number(Architecture architecture)
    {
        CCompiler? compiler = CCompiler.Find(architecture);
        Assert.SkipWhen(compiler is null, $"No C compiler with the headers of {architecture} is installed here.");

        compiler.Check(Source(AbiFacts.System, AbiFacts.For(AbiFacts.System, architecture))).ShouldBe("");
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_C_compiler_agrees_with_every_number_of_VFIO(Architecture architecture)
    {
        CCompiler? compiler = CCompiler.Find(architecture);
        Assert.SkipWhen(compiler is null, $"No C compiler with the headers of {architecture} is installed here.");
        Assert.SkipUnless(
            compiler.HasNewHeaders,
            "linux/iommufd.h and a linux/vfio.h that knows it (Linux 6.6) are not here: build/fetch-headers fetches them.");

        compiler.Check(Source(AbiFacts.Vfio, AbiFacts.For(AbiFacts.Vfio, architecture))).ShouldBe("");
    }

    [Fact]
    public void POWER_numbers_the_commands_of_VFIO_in_its_own_way()
    {
        MachineAbi.For(Architecture.X64).IO(VfioIoctl.VFIO_GET_API_VERSION).ShouldBe(0x3B64u);
        MachineAbi.For(Architecture.Ppc64le).IO(VfioIoctl.VFIO_GET_API_VERSION).ShouldBe(0x20003B64u);
    }

    [Fact]
    public void A_wrong_number_is_noticed()
    {
        CCompiler? compiler = CCompiler.Find(RuntimeInformation.ProcessArchitecture);
        Assert.SkipWhen(compiler is null, "No C compiler with the system's headers is installed here.");

        compiler.Check(Source(AbiFacts.System, [new AbiFact("Wrong", "EPERM", 2)])).ShouldContain("Wrong");
    }

    [Fact]
    public void Every_constant_and_structure_is_in_the_table()
    {
        HashSet<string> known =
        [
            .. Architectures.SelectMany(row => AbiFacts.For(row.Data)).Select(fact => fact.Name), .. AbiFacts.NotInC.Keys,
        ];
        List<string> declared =
        [
            .. InteropDeclarations.Types.SelectMany(InteropDeclarations.Constants).Select(constant => constant.Name),
            .. InteropDeclarations.MachineNumbers(MachineAbi.Current).Select(number => number.Name),
            .. InteropDeclarations.Structures.Select(type => type.Name),
            .. InteropDeclarations.Structures.SelectMany(type => InteropDeclarations.Fields(type).Select(field => $"{type.Name}.{field.Name}")),
        ];

        declared.Count.ShouldBeGreaterThan(400);
        declared.Where(name => !known.Contains(name)).ShouldBeEmpty("declared in Interop, but not in AbiFacts");
        known.Where(name => !declared.Contains(name)).ShouldBeEmpty("in AbiFacts, but declared no more");
    }

    [Fact]
    public void Nothing_but_constants_and_methods_hides_a_number()
    {
        // A static field or a computed property would escape the table; numbers by architecture belong in MachineAbi.
        InteropDeclarations.Types
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsLiteral && field.FieldType.IsPrimitive)
            .Select(field => $"{field.DeclaringType!.Name}.{field.Name}")
            .ShouldBeEmpty();
    }

    [Fact]
    public void Structures_are_blittable()
    {
        InteropDeclarations.Structures.ShouldNotBeEmpty();
        foreach (Type type in InteropDeclarations.Structures)
        {
            foreach (FieldInfo field in InteropDeclarations.Fields(type))
            {
                Type kind = field.FieldType;
                bool isBlittable = kind.IsPointer || (kind.IsPrimitive && kind != typeof(bool) && kind != typeof(char))
                    || field.IsDefined(typeof(FixedBufferAttribute)) || InteropDeclarations.Structures.Contains(kind);
                isBlittable.ShouldBeTrue($"{type.Name}.{field.Name}");
            }
        }
    }

    [Fact]
    public void An_architecture_that_is_not_known_is_refused() =>
        Should.Throw<PlatformNotSupportedException>(() => MachineAbi.For(Architecture.X86)).Message.ShouldContain("X86");

    private static string Source(AbiTable table, IEnumerable<AbiFact> facts) => string.Join('\n',
    [
        "#define _GNU_SOURCE",
        .. table.Headers.Select(header => $"#include <{header}>"),
        .. facts.Select(fact => fact.ToAssertion()),
        "",
    ]);
}
