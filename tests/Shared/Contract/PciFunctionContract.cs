namespace VfioSharp.Tests.Contract;

/// <summary>
/// What every <see cref="VfioSharp.Devices.PciFunction"/> keeps to, whatever is behind it, as checks that any program can run: Loopback, a socket
/// pair, kernels in guests.
/// </summary>
internal static class PciFunctionContract
{
    /// <summary>All checks, in an order in which the first to fail tells most.</summary>
    public static IReadOnlyList<ContractCheck> Checks { get; } = [.. RegisterChecks.All, .. VectorChecks.All, .. DmaChecks.All, .. LifetimeChecks.All];

    /// <summary>Asks all that apply, telling the outcome of each: null where it holds.</summary>
    /// <returns>How many do not hold.</returns>
    public static async Task<int> RunAsync(ContractSubject subject, Action<ContractCheck, Exception?> tell, CancellationToken stop)
    {
        int broken = 0;
        foreach (ContractCheck check in Checks.Where(check => check.AppliesTo(subject)))
        {
            Exception? outcome = null;
            try
            {
                await check.Run(subject, stop);
            }
            catch (Exception exception) when (!stop.IsCancellationRequested)
            {
                outcome = exception;
                broken++;
            }

            tell(check, outcome);
        }

        return broken;
    }
}
