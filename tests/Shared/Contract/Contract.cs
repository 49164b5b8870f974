using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;

namespace VfioSharp.Tests.Contract;

/// <summary>What the checks are written with. No test framework: they run in programs compiled ahead of time, inside guests.</summary>
internal static class Contract
{
    public static void Holds(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ContractException(otherwise);
        }
    }

    public static void Equal<T>(T actual, T expected, string what)
        where T : IEquatable<T> => Holds(actual.Equals(expected), $"{what} is {Text(actual)}, not {Text(expected)}");

    public static void Same(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected, string what)
    {
        int same = actual.CommonPrefixLength(expected);
        Holds(same == expected.Length && actual.Length == expected.Length, $"{what} differs from byte {same} of {expected.Length} on");
    }

    /// <summary>That an action fails with the exception, or one derived from it.</summary>
    public static void Throws<T>(Action action, string what)
        where T : Exception
    {
        try
        {
            action();
        }
        catch (T)
        {
            return;
        }
        catch (Exception exception)
        {
            throw new ContractException($"{what} fails with {exception.GetType().Name} instead of {typeof(T).Name}: {exception.Message}");
        }

        throw new ContractException($"{what} succeeds instead of failing with {typeof(T).Name}");
    }

    /// <inheritdoc cref="Throws"/>
    public static async Task ThrowsAsync<T>(Func<Task> action, string what)
        where T : Exception
    {
        try
        {
            await action();
        }
        catch (T)
        {
            return;
        }
        catch (Exception exception)
        {
            throw new ContractException($"{what} fails with {exception.GetType().Name} instead of {typeof(T).Name}: {exception.Message}");
        }

        throw new ContractException($"{what} succeeds instead of failing with {typeof(T).Name}");
    }

    /// <summary>Opens the function, prepares it, and closes it however the check ends.</summary>
    [SuppressMessage("Design", "CA1068", Justification = "The body is a check's whole text and so comes last.")]
    public static async Task WithRig(ContractSubject subject, CancellationToken stop, Func<ContractRig, Task> body)
    {
        await using PciFunction function = await subject.OpenAsync(stop);
        using ContractRig rig = subject.Prepare(function);
        await body(rig);
    }

    private static string Text<T>(T value) => value is IFormattable number and (byte or ushort or uint or ulong) ? $"0x{number.ToString("x", null)}" : $"{value}";
}
