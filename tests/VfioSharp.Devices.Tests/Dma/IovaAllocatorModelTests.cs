using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Dma;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Dma;

/// <summary>The allocator against a list that is searched from its start, in 128-bit sums that cannot overflow.</summary>
public sealed class IovaAllocatorModelTests
{
    private static readonly Config Config =
        Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(500, longFactor: 40));

    private static readonly Gen<ulong> Granules = Gen.Elements<ulong>(0x1000, 0x4000, 0x10000, 1ul << 30);

    // Counted in granules, with a few bytes more or less.
    private static readonly Gen<ulong[]> Ends =
        from count in Gen.Choose(1, 4)
        from ends in Gen.ArrayOf(Gen.Choose(0, 200).Select(end => (ulong)end), count * 2)
        select ends;

    private static readonly Gen<Step> Steps =
        from kind in Gen.Frequency((5, Gen.Constant(StepKind.Take)), (2, Gen.Constant(StepKind.TakeAt)), (4, Gen.Constant(StepKind.Release)))
        from length in Gen.Frequency((6, Gen.Choose(1, 8)), (1, Gen.Choose(1, 300)))
        from alignment in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 6)))
        from maskBits in Gen.Frequency((3, Gen.Constant(64)), (1, Gen.Choose(12, 45)))
        from pick in Gen.Choose(0, 1000)
        select new Step(kind, (ulong)length, alignment, maskBits == 64 ? ulong.MaxValue : (1ul << maskBits) - 1, (ulong)pick);

    private static readonly Gen<Case> Cases =
        from granule in Granules
        from ends in Ends
        from ragged in Gen.Elements<ulong>(0, 1, 0xfff)
        from atTop in Gen.Elements(false, false, true)
        from steps in Steps.ListOf(60)
        select new Case(granule, Ranges(granule, ends, ragged, atTop), [.. steps]);

    private enum StepKind
    {
        Take,
        TakeAt,
        Release,
    }

    [Fact]
    public void It_does_as_a_plain_list_does_and_all_that_is_given_back_is_whole_again() =>
        Prop.ForAll(Cases.ToArbitrary(), one => Run(one)).Check(Config);

    private static void Run(Case one)
    {
        var allocator = new IovaAllocator(one.Ranges, one.Granule);
        IovaRange[] whole = [.. allocator.Free];
        whole.ShouldBe(one.Ranges.Select(range => Trim(range, one.Granule)).OfType<IovaRange>());
        var model = new List<(UInt128 First, UInt128 End)>();
        foreach (Step step in one.Steps)
        {
            Apply(step, one.Granule, whole, allocator, model);
            Check(whole, allocator, model);
        }

        foreach ((UInt128 first, UInt128 end) in model)
        {
            allocator.Release(new Iova((ulong)first), (ulong)(end - first));
        }

        allocator.Free.ShouldBe(whole);
    }

    private static void Apply(
        Step step, ulong granule, IovaRange[] whole, IovaAllocator allocator, List<(UInt128 First, UInt128 End)> model)
    {
        ulong length = step.Length * granule;
        switch (step.Kind)
        {
            case StepKind.Take:
                ulong alignment = granule << step.Alignment;
                UInt128? expected = Lowest(length, alignment, granule, step.Mask, whole, model);
                bool isTaken = allocator.TryTake(length, alignment, step.Mask, out Iova taken);
                isTaken.ShouldBe(expected is not null);
                if (expected is { } lowest)
                {
                    taken.Value.ShouldBe((ulong)lowest);
                    model.Add((lowest, lowest + length));
                }

                break;
            case StepKind.TakeAt:
                ulong at = (whole.Length == 0 ? 0 : whole[step.Pick % (ulong)whole.Length].First.Value) + (step.Pick % 64 * granule);
                bool isFree = IsFree(at, length, whole, model);
                allocator.TryTakeAt(new Iova(at), length).ShouldBe(isFree);
                if (isFree)
                {
                    model.Add((at, (UInt128)at + length));
                }

                break;
            case StepKind.Release when model.Count > 0:
                int index = (int)(step.Pick % (ulong)model.Count);
                (UInt128 first, UInt128 end) = model[index];
                model.RemoveAt(index);
                allocator.Release(new Iova((ulong)first), (ulong)(end - first));
                break;
        }
    }

    // What is free and what is taken are apart and make up the ranges.
    private static void Check(IovaRange[] whole, IovaAllocator allocator, List<(UInt128 First, UInt128 End)> model)
    {
        UInt128 sum = 0;
        UInt128 before = 0;
        foreach ((UInt128 first, UInt128 end) in model.Concat(allocator.Free.Select(Bounds)).OrderBy(extent => extent.First))
        {
            (first >= before && whole.Select(Bounds).Any(range => range.First <= first && end <= range.End)).ShouldBeTrue($"0x{first:x} to 0x{end:x}");
            before = end;
            sum += end - first;
        }

        (sum == whole.Select(Bounds).Aggregate(UInt128.Zero, (total, range) => total + (range.End - range.First))).ShouldBeTrue("nothing is lost");
    }

    private static UInt128? Lowest(
        ulong length, ulong alignment, ulong granule, ulong mask, IovaRange[] whole, List<(UInt128 First, UInt128 End)> model)
    {
        IEnumerable<UInt128> starts = whole.Select(range => (UInt128)range.First.Value).Concat(model.Select(extent => extent.End)).Append(granule);
        return starts.Select(start => (start + alignment - 1) / alignment * alignment).Order()
            .Where(start => start >= granule && start + length - 1 <= mask && start <= ulong.MaxValue)
            .Where(start => IsFree(start, length, whole, model)).Select(start => (UInt128?)start).FirstOrDefault();
    }

    private static bool IsFree(UInt128 at, ulong length, IovaRange[] whole, List<(UInt128 First, UInt128 End)> model) =>
        whole.Select(Bounds).Any(range => range.First <= at && at + length <= range.End)
        && !model.Any(extent => at < extent.End && extent.First < at + length);

    private static (UInt128 First, UInt128 End) Bounds(IovaRange range) => (range.First.Value, (UInt128)range.Last.Value + 1);

    private static IovaRange? Trim(IovaRange range, ulong granule)
    {
        UInt128 first = (range.First.Value + (UInt128)granule - 1) / granule * granule;
        UInt128 end = ((UInt128)range.Last.Value + 1) / granule * granule;
        return first < end ? RecordingFunction.Range((ulong)first, (ulong)(end - 1)) : null;
    }

    // Ascending and apart, some of them touching; the last one up to the end of the 64-bit space in some cases.
    private static ImmutableArray<IovaRange> Ranges(ulong granule, ulong[] ends, ulong ragged, bool atTop)
    {
        ulong[] sorted = [.. ends.Order()];
        var ranges = ImmutableArray.CreateBuilder<IovaRange>();
        ulong next = 0;
        for (int i = 0; i < sorted.Length; i += 2)
        {
            ulong first = Math.Max(next, (sorted[i] * granule) + (i == 0 ? ragged : 0));
            ulong last = (sorted[i + 1] * granule) + ragged;
            if (first < last)
            {
                ranges.Add(RecordingFunction.Range(first, last - 1));
                next = last;
            }
        }

        return atTop ? ranges.ToImmutable().Add(RecordingFunction.Range(unchecked(0 - (20 * granule) + ragged), ulong.MaxValue)) : ranges.ToImmutable();
    }

    private sealed record Step(StepKind Kind, ulong Length, int Alignment, ulong Mask, ulong Pick);

    private sealed record Case(ulong Granule, ImmutableArray<IovaRange> Ranges, ImmutableArray<Step> Steps)
    {
        public override string ToString() => $"granule 0x{Granule:x}; {string.Join(", ", Ranges)}; {string.Join("; ", Steps)}";
    }
}
