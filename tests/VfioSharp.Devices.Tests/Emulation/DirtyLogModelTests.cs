using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>The log against a set of pages.</summary>
public sealed class DirtyLogModelTests
{
    private const int PageShift = 12;
    private const ulong Window = 16UL << PageShift;

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(300, longFactor: 100));

    // Around the start, the seam between what is kept in two pieces (128 MiB), and the end of the address space.
    private static readonly Gen<ulong> Bases = Gen.Elements<ulong>(0, (1UL << 27) - (Window / 2), (1UL << 63) - (Window / 2), ulong.MaxValue - (Window - 1));

    private static readonly Gen<(ulong At, ulong Length)> Spans =
        from at in Gen.Choose(0, (int)Window - 1)
        from length in Gen.Frequency((3, Gen.Choose(1, 64)), (2, Gen.Choose(4000, 4200)), (1, Gen.Choose(1, (int)Window)))
        select ((ulong)at, Math.Min((ulong)length, Window - (ulong)at));

    private static readonly Gen<Step> Steps =
        from isTake in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from span in Spans
        from shift in Gen.Choose(0, 4)
        select new Step(isTake, span.At, span.Length, shift);

    private static readonly Gen<Case> Cases =
        from start in Bases
        from ranges in Gen.Frequency((1, Gen.Constant(0)), (2, Gen.Choose(1, 3))).SelectMany(count => Gen.ArrayOf(Spans, count))
        from steps in Steps.ListOf(20)
        select new Case(start, [.. ranges], [.. steps]);

    [Fact]
    public void It_does_as_a_set_of_pages_does() => Prop.ForAll(Cases.ToArbitrary(), one => Run(one)).Check(Config);

    private static void Run(Case one)
    {
        var log = new DirtyLog([.. one.Ranges.Select(range => new IovaRange(new Iova(one.Start + range.At), new Iova(one.Start + range.At + (range.Length - 1))))]);
        var dirty = new HashSet<ulong>();
        foreach (Step step in one.Steps)
        {
            ulong first = one.Start + step.At;
            if (step.IsTake)
            {
                Take(log, dirty, one.Start, step);
                continue;
            }

            log.Mark(first, step.Length);
            for (ulong i = 0; i < step.Length; i++)
            {
                if (one.Ranges.IsEmpty || one.Ranges.Any(range => first + i - one.Start - range.At < range.Length))
                {
                    dirty.Add((first + i) >> PageShift);
                }
            }
        }

        // What was not taken is there still.
        Take(log, dirty, one.Start, new Step(true, 0, Window, 0));
        dirty.ShouldBeEmpty();
    }

    private static void Take(DirtyLog log, HashSet<ulong> dirty, ulong start, Step step)
    {
        // The asker's units, aligned as it has to ask.
        ulong unit = 1UL << (PageShift + step.UnitShift);
        ulong at = step.At & ~(unit - 1);
        ulong units = Math.Min((step.Length + (unit - 1)) / unit, (Window - at) / unit);
        ulong[] bitmap = [.. Enumerable.Repeat(ulong.MaxValue, (int)((units + 63) / 64))];
        log.Take(start + at, units * unit, unit, bitmap);

        ulong expected = 0;
        foreach (ulong page in dirty.Where(page => (page << PageShift) - (start + at) < units * unit).ToArray())
        {
            dirty.Remove(page);
            expected |= 1UL << (int)(((page << PageShift) - (start + at)) / unit);
        }

        bitmap.ShouldBe([expected]);
    }

    private sealed record Step(bool IsTake, ulong At, ulong Length, int UnitShift);

    private sealed record Case(ulong Start, ImmutableArray<(ulong At, ulong Length)> Ranges, ImmutableArray<Step> Steps)
    {
        public override string ToString() => $"from 0x{Start:x} of {string.Join(", ", Ranges)}: {string.Join("; ", Steps)}";
    }
}
