using VfioSharp.Pci.Isolation;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.Devices.Tests.Loopback;

public class LoopbackContractTests
{
    public static TheoryData<string, string, IsolationVerdict> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, IsolationVerdict>();
            foreach (ContractLayout layout in ContractLayout.All)
            {
                foreach (IsolationVerdict verdict in (IsolationVerdict[])[IsolationVerdict.Isolated, IsolationVerdict.NotIsolated])
                {
                    foreach (ContractCheck check in PciFunctionContract.Checks)
                    {
                        cases.Add(check.Name, layout.Name, verdict);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Loopback_keeps_the_contract(string check, string layout, IsolationVerdict verdict)
    {
        var subject = new LoopbackSubject(ContractLayout.All.Single(candidate => candidate.Name == layout), verdict);
        ContractCheck asked = PciFunctionContract.Checks.Single(candidate => candidate.Name == check);
        asked.AppliesTo(subject).ShouldBeTrue();
        await asked.Run(subject, TestContext.Current.CancellationToken);
    }
}
