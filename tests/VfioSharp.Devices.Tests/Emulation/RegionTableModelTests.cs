using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>The table against a list of pieces that is searched from its start, byte by byte, in 128-bit sums that cannot overflow.</summary>
public sealed class RegionTableModelTests
{
    private const int Window = 64; // bytes, in which everything happens: pieces touch each other all the time

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(300, longFactor: 100));

    // At the start of the address space, where a sign would show, and at its end.
    private static readonly Gen<ulong> Bases = Gen.Elements<ulong>(0, (1UL << 63) - (Window / 2), ulong.MaxValue - (Window - 1));

    private static readonly Gen<Step> Steps =
        from kind in Gen.Frequency(
            (4, Gen.Constant(StepKind.Add)), (2, Gen.Constant(StepKind.Remove)), (3, Gen.Constant(StepKind.Read)), (3, Gen.Constant(StepKind.Write)),
            (2, Gen.Constant(StepKind.Acquire)))
        from at in Gen.Choose(0, Window - 1)
        from length in Gen.Frequency((4, Gen.Choose(1, 8)), (1, Gen.Choose(1, Window)))
        from access in Gen.Elements(DmaAccess.Read, DmaAccess.Write, DmaAccess.ReadWrite, DmaAccess.ReadWrite)
        from value in Gen.Choose(1, 255)
        select new Step(kind, at, length, access, (byte)value);

    private static readonly Gen<Case> Cases =
        from start in Bases
        from steps in Steps.ListOf(40)
        select new Case(start, [.. steps]);

    private enum StepKind
    {
        Add,
        Remove,
        Read,
        Write,
        Acquire,
    }

    [Fact]
    public void It_does_as_a_plain_list_does() => Prop.ForAll(Cases.ToArbitrary(), one => Run(one)).Check(Config);

    private static void Run(Case one)
    {
        var table = new RegionTable();
        var model = new List<Piece>();
        foreach (Step step in one.Steps)
        {
            UInt128 first = (UInt128)one.Start + (UInt128)step.At;
            UInt128 end = first + (UInt128)step.Length;
            bool wraps = end > (UInt128)1 << 64;
            switch (step.Kind)
            {
                case StepKind.Add when !wraps:
                    bool isFree = !model.Exists(piece => piece.First < end && first < piece.End);
                    byte[] bytes = new byte[step.Length];
                    var region = new ArrayRegion(new Iova((ulong)first), bytes, step.Access);
                    table.TryAdd(region).ShouldBe(isFree);
                    if (isFree)
                    {
                        model.Add(new Piece(first, end, region, bytes, new byte[step.Length]));
                    }

                    break;
                case StepKind.Remove when !wraps:
                    Piece[] inside = [.. model.Where(piece => first <= piece.First && piece.End <= end).OrderBy(piece => piece.First)];
                    table.Remove(new Iova((ulong)first), new Iova((ulong)(end - 1))).ShouldBe(inside.Select(piece => piece.Region));
                    model.RemoveAll(piece => inside.Contains(piece));
                    foreach (Piece piece in inside)
                    {
                        piece.Region.Closings.ShouldBe(0, "that is for whoever took it away");
                        piece.Region.CloseAsync().IsCompleted.ShouldBeTrue("nobody is left that uses it");
                        piece.Region.Closings.ShouldBe(1);
                    }

                    break;
                case StepKind.Read:
                    CheckRead(table, model, first, step.Length);
                    break;
                case StepKind.Write:
                    CheckWrite(table, model, first, step.Length, step.Value);
                    break;
                case StepKind.Acquire:
                    CheckAcquire(table, model, first, step.Access);
                    break;
                default:
                    break; // what wraps is nobody's to ask
            }

            table.Count.ShouldBe(model.Count);
            model.ForEach(piece => piece.Actual.ShouldBe(piece.Expected));
        }
    }

    private static void CheckRead(RegionTable table, List<Piece> model, UInt128 first, int length)
    {
        byte[] expected = new byte[length];
        bool succeeds = Walk(model, first, length, DmaAccess.Read, (piece, offset, i) => expected[i] = piece.Expected[offset]);
        byte[] actual = new byte[length];
        table.TryRead((ulong)first, actual).ShouldBe(succeeds);
        actual.ShouldBe(expected);
    }

    private static void CheckWrite(RegionTable table, List<Piece> model, UInt128 first, int length, byte value)
    {
        bool succeeds = Walk(model, first, length, DmaAccess.Write, (piece, offset, i) => piece.Expected[offset] = (byte)(value + i));
        table.TryWrite((ulong)first, [.. Enumerable.Range(0, length).Select(i => (byte)(value + i))]).ShouldBe(succeeds);
    }

    private static void CheckAcquire(RegionTable table, List<Piece> model, UInt128 first, DmaAccess access)
    {
        Piece? piece = PieceAt(model, first);
        MemoryRegion? any = table.Acquire((ulong)first);
        any.ShouldBe(piece?.Region);
        any?.Release();
        MemoryRegion? allowed = table.Acquire((ulong)first, access);
        allowed.ShouldBe(piece is not null && (piece.Region.Access & access) == access ? piece.Region : null);
        allowed?.Release();
    }

    // What comes before the first byte that cannot be reached is done.
    private static bool Walk(List<Piece> model, UInt128 first, int length, DmaAccess access, Action<Piece, int, int> visit)
    {
        for (int i = 0; i < length; i++)
        {
            UInt128 address = first + (UInt128)i;
            if (PieceAt(model, address) is not { } piece || (piece.Region.Access & access) == 0)
            {
                return false;
            }

            visit(piece, (int)(address - piece.First), i);
        }

        return true;
    }

    private static Piece? PieceAt(List<Piece> model, UInt128 address) => model.Find(piece => piece.First <= address && address < piece.End);

    private sealed record Piece(UInt128 First, UInt128 End, ArrayRegion Region, byte[] Actual, byte[] Expected);

    private sealed record Step(StepKind Kind, int At, int Length, DmaAccess Access, byte Value);

    private sealed record Case(ulong Start, ImmutableArray<Step> Steps)
    {
        public override string ToString() => $"from 0x{Start:x}: {string.Join("; ", Steps)}";
    }
}
