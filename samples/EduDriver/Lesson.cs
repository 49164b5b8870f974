using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;

namespace EduDriver;

/// <summary>What the sample shows, in order. Throws where the device does not do as it should.</summary>
public static class Lesson
{
    public static async Task RunAsync(PciFunction function, TextWriter output, CancellationToken stop = default)
    {
        await using Edu edu = await Edu.StartAsync(function, stop);
        output.WriteLine($"{function.Name}: edu {edu.Version}, MSIs {function.Isolation}");

        Expect(edu.IsAlive(0x1234_5678), "the device inverts what is written to its liveness register");
        output.WriteLine("registers: it lives");

        uint factorial = await edu.FactorialAsync(10, stop);
        Expect(factorial == 3_628_800, $"10! is 3628800, not {factorial}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"interrupt: 10! = {factorial}"));

        await edu.RaiseAsync(0x10, stop);
        output.WriteLine("interrupt: raised by a register and awaited");

        using DmaBuffer there = edu.Allocate(Edu.BufferLength);
        using DmaBuffer back = edu.Allocate(Edu.BufferLength);
        Random.Shared.NextBytes(there.Span);
        await edu.WriteAsync(there, Edu.BufferLength, stop);
        await edu.ReadAsync(back, Edu.BufferLength, stop);
        Expect(there.Span.SequenceEqual(back.Span), "what went into the device's buffer comes out of it");
        output.WriteLine($"DMA: {Edu.BufferLength} bytes to the device from {there.Iova} and back to {back.Iova}");
    }

    private static void Expect(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidDataException($"expected: {what}");
        }
    }
}
