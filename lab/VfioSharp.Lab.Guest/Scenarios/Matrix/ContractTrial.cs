using VfioSharp.Tests.Contract;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>The contract of <see cref="VfioSharp.Devices.PciFunction"/>, asked of a function: a check each, and their names for the host to count.</summary>
internal static class ContractTrial
{
    public static async Task RunAsync(Cell cell, ContractSubject subject)
    {
        cell.Observe("contract-checks", ("names", PciFunctionContract.Checks.Where(check => check.AppliesTo(subject)).Select(check => check.Name)));
        foreach (ContractCheck check in PciFunctionContract.Checks.Where(check => check.AppliesTo(subject)))
        {
            await cell.CheckAsync($"contract/{check.Name}", stop => check.Run(subject, stop));
        }
    }
}
