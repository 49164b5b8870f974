using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.VfioUser.Tests.Contract;

public class SocketContractTests
{
    /// <summary>Each layout in each mode. One that spins takes a processor from those who wait for it: at a desk one layout has to do.</summary>
    public static TheoryData<string, string, ServingMode> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, ServingMode>();
            foreach (ContractLayout layout in ContractLayout.All)
            {
                foreach (ServingMode mode in Enum.GetValues<ServingMode>().Where(mode => mode != ServingMode.Spinning || layout == ContractLayout.All.First() || Fuzz.IsThorough))
                {
                    foreach (ContractCheck check in PciFunctionContract.Checks)
                    {
                        cases.Add(check.Name, layout.Name, mode);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_served_function_keeps_the_contract(string check, string layout, ServingMode mode)
    {
        await using var subject = new SocketSubject(Layout(layout), new VfioUserServerOptions { Mode = mode }, new VfioUserClientOptions());
        await Check(subject, check);
    }

    [Theory, MemberData(nameof(Checks))]
    public async Task So_it_does_with_its_table_trapped(string check)
    {
        var trapped = new VfioUserServerOptions { TableRule = MsixTableRule.NeverMap };
        await using var subject = new SocketSubject(ContractLayout.TableBesideMemory, trapped, new VfioUserClientOptions());
        await Check(subject, check);
    }

    public static TheoryData<string> Checks => [.. PciFunctionContract.Checks.Select(check => check.Name)];

    private static ContractLayout Layout(string name) => ContractLayout.All.Single(candidate => candidate.Name == name);

    private static async Task Check(SocketSubject subject, string check)
    {
        ContractCheck asked = PciFunctionContract.Checks.Single(candidate => candidate.Name == check);
        asked.AppliesTo(subject).ShouldBeTrue();
        await asked.Run(subject, TestContext.Current.CancellationToken);
    }
}
