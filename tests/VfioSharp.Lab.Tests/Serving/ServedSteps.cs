using VfioSharp.Lab.Tests.Booting;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>What a guest of the scenario <c>served</c> is told to do.</summary>
internal static class ServedSteps
{
    /// <summary>Waits until it has booted.</summary>
    public static Task ReadyAsync(this Guest guest) => guest.WaitForSignalAsync("ready");

    /// <summary>Has it do something, and waits until that is done.</summary>
    public static async Task DoAsync(this Guest guest, string step)
    {
        await guest.SendLineAsync(step);
        await guest.WaitForSignalAsync("done");
    }

    /// <summary>Boots it anew, while its machine stays.</summary>
    public static async Task RebootAsync(this Guest guest)
    {
        await guest.SendLineAsync("reboot");
        await guest.ReadyAsync();
    }

    /// <summary>Lets it power off.</summary>
    public static Task EndAsync(this Guest guest) => guest.SendLineAsync("end");
}
