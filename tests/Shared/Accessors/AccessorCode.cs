using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Iced.Intel;
using VfioSharp.Devices.Access;

namespace VfioSharp.Tests.Accessors;

/// <summary>
/// Decodes the machine code of the register accessors, as the JIT or NativeAOT made it, and tells with what widths each touches a BAR. Runs in the
/// process whose code it reads, so the same source serves both compilers.
/// </summary>
internal static class AccessorCode
{
    private const int MaxInstructions = 200;

    /// <summary>The accessors by name, with what the code of each is to do.</summary>
    public static IReadOnlyDictionary<string, string> Expected { get; } =
        (from width in new[] { 8, 16, 32, 64 }
         from accessor in new[] { "Read", "Write", "RawRead", "RawWrite" }
         let verb = accessor.EndsWith("Read", StringComparison.Ordinal) ? "load" : "store"
         select KeyValuePair.Create($"{accessor}{width}", $"{verb} {width / 8}")).ToDictionary();

    /// <summary>
    /// Every access of the accessor to an address that it computed (not to a field nor to the stack), in the order of the code: <c>load 4</c>,
    /// <c>store 1</c>.
    /// </summary>
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods, typeof(Registers))]
    public static IReadOnlyList<string> BarAccesses(string accessor) => AddressedAccesses(
        typeof(Registers).GetMethod(accessor, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static)
        ?? throw new MissingMethodException(nameof(Registers), accessor));

    /// <summary>The same of any method.</summary>
    public static IReadOnlyList<string> AddressedAccesses(MethodInfo method)
    {
        if (RuntimeFeature.IsDynamicCodeCompiled)
        {
            RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }

        nint code = method.MethodHandle.GetFunctionPointer();
        return RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => OfX64(code),
            Architecture.Arm64 => OfArm64(code),
            Architecture other => throw new PlatformNotSupportedException($"no decoder for {other}"),
        };
    }

    private static List<string> OfX64(nint code)
    {
        var accesses = new List<string>();
        var factory = new InstructionInfoFactory();
        var decoder = Decoder.Create(64, new MemoryReader(code), (ulong)code);
        ulong last = 0;
        for (int i = 0; i < MaxInstructions; i++)
        {
            Instruction instruction = decoder.Decode();
            if (instruction.IsInvalid)
            {
                throw new InvalidOperationException($"the code at 0x{instruction.IP:x} cannot be decoded");
            }

            // A stub in front of the code: follow it.
            if (i == 0 && instruction.Code == Code.Jmp_rm64 && instruction.IsIPRelativeMemoryOperand)
            {
                return OfX64(Marshal.ReadIntPtr((nint)instruction.IPRelativeMemoryAddress));
            }

            if (i == 0 && instruction.FlowControl == FlowControl.UnconditionalBranch)
            {
                return OfX64((nint)instruction.NearBranchTarget);
            }

            // Fields lie behind an object's method table, never at displacement 0; the stack is reached by its pointers.
            foreach (UsedMemory memory in factory.GetInfo(in instruction).GetUsedMemory())
            {
                if (memory.Displacement == 0 && memory.Base is not (Register.RSP or Register.RBP or Register.RIP or Register.None)
                    && instruction.Mnemonic != Mnemonic.Lea)
                {
                    string verb = memory.Access is OpAccess.Write or OpAccess.CondWrite ? "store" : "load";
                    accesses.Add($"{verb} {memory.MemorySize.GetSize()}");
                }
            }

            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch)
            {
                last = Math.Max(last, instruction.NearBranchTarget);
            }

            // There may be more than one way out: the end is a return, or a branch back, that nothing branches beyond.
            if (instruction.FlowControl is FlowControl.Return or FlowControl.UnconditionalBranch && instruction.IP >= last)
            {
                return accesses;
            }
        }

        throw new InvalidOperationException($"no return among {MaxInstructions} instructions");
    }

    // Arm ARM, C4.1: load-acquire and store-release carry the width in bits 31:30; plain loads and stores of fields have an offset form.
    private static List<string> OfArm64(nint code)
    {
        var accesses = new List<string>();
        int last = 0;
        for (int i = 0; i < MaxInstructions; i++)
        {
            uint instruction = (uint)Marshal.ReadInt32(code, i * sizeof(uint));
            int width = 1 << (int)(instruction >> 30);
            if ((instruction & 0x3FFF_FC00) is 0x08DF_FC00 or 0x38BF_C000) // LDAR, LDAPR
            {
                accesses.Add($"load {width}");
            }
            else if ((instruction & 0x3FFF_FC00) == 0x089F_FC00) // STLR
            {
                accesses.Add($"store {width}");
            }
            else if ((instruction & 0xFF00_0010) == 0x5400_0000) // B.cond
            {
                last = Math.Max(last, i + ((int)(instruction << 8) >> 13));
            }
            else if ((instruction & 0x7E00_0000) == 0x3400_0000) // CBZ, CBNZ
            {
                last = Math.Max(last, i + ((int)(instruction << 8) >> 13));
            }
            else if ((instruction & 0x7E00_0000) == 0x3600_0000) // TBZ, TBNZ
            {
                last = Math.Max(last, i + ((int)(instruction << 13) >> 18));
            }
            else if ((instruction & 0xFC00_0000) == 0x1400_0000) // B
            {
                last = Math.Max(last, i + ((int)(instruction << 6) >> 6));
            }

            bool leaves = (instruction & 0xFFFF_FC1F) == 0xD65F_0000 || (instruction & 0xFC00_0000) == 0x1400_0000; // RET, B
            if (leaves && i >= last)
            {
                return accesses;
            }
        }

        throw new InvalidOperationException($"no return among {MaxInstructions} instructions");
    }

    private sealed class MemoryReader(nint start) : CodeReader
    {
        private int at;

        public override int ReadByte() => Marshal.ReadByte(start, at++);
    }
}
