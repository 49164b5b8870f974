using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>
/// A Tally in full use: registers, an interrupt each time a goal is reached, memory that it adds, memory that it cannot reach any more. Some memory stays
/// shown to it, until the function is closed or its host is no more.
/// </summary>
internal static class TallyTrial
{
    private const uint Step = 7;
    private const int BufferLength = 4096;

    public static async Task RunAsync(PciFunction function, uint rounds, GuestReport report, CancellationToken stop)
    {
        using TallyDriver tally = await TallyDriver.StartAsync(function, stop);
        Expect.Equal(tally.Identification, TallyDriver.IdentificationValue, "the identification");
        ulong expected = tally.Total;
        report.Observe("found", ("address", function.Address), ("total", expected), ("failures", tally.Failures));
        uint failures = tally.Failures;
        function.Dma.Allocate(BufferLength);
        for (uint i = 1; i <= rounds; i++)
        {
            await tally.ReachAsync(expected + (3 * Step), Step, stop);
            expected += 3 * Step;
            Expect.Equal(tally.Total, expected, $"the total after round {i}");

            Iova gone;
            using (DmaBuffer buffer = function.Dma.Allocate(BufferLength))
            {
                expected += tally.Sum(buffer, i);
                Expect.Equal(tally.Total, expected, $"the total with what is in memory in round {i}");
                gone = buffer.Iova;
            }

            // What was taken away is not reached.
            tally.Sum(gone, BufferLength);
            Expect.Equal(tally.Failures, failures + i, $"sums that failed by round {i}");
            Expect.Equal(tally.Total, expected, $"the total after memory was taken away in round {i}");
        }

        report.Observe("driven", ("address", function.Address), ("total", expected), ("failures", tally.Failures), ("interrupts", rounds));
    }
}
