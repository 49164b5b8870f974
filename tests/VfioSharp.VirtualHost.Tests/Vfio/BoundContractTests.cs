using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Vfio;

/// <summary>A function that a virtual host's vfio-pci gives away keeps the contract, in every dialect that there ever was.</summary>
public class BoundContractTests
{
    public static TheoryData<string, string, VfioDialect> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, VfioDialect>();
            foreach (ContractLayout layout in ContractLayout.All)
            {
                foreach (VfioDialect dialect in Enum.GetValues<VfioDialect>())
                {
                    foreach (ContractCheck check in PciFunctionContract.Checks)
                    {
                        cases.Add(check.Name, layout.Name, dialect);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_bound_function_keeps_the_contract(string check, string layout, VfioDialect dialect)
    {
        var subject = new BoundSubject(ContractLayout.All.Single(candidate => candidate.Name == layout), Hosts.Vtd with { Dialect = dialect },
            new OpenOptions { ReadsPatchSeries = dialect == VfioDialect.PatchSeries });
        await Run(subject, check);
        subject.Blocked.ShouldBe(0);
    }

    [Theory, MemberData(nameof(Checks))]
    public async Task So_it_does_where_the_host_does_not_isolate_and_overlooks_it(string check)
    {
        var options = Hosts.Vtd with { AdvertisedOnly = true, AllowsUnsafeInterrupts = true };
        await Run(new BoundSubject(ContractLayout.TableBesideMemory, options), check);
    }

    public static TheoryData<string> Checks => [.. PciFunctionContract.Checks.Select(check => check.Name)];

    private static async Task Run(BoundSubject subject, string check)
    {
        ContractCheck asked = PciFunctionContract.Checks.Single(candidate => candidate.Name == check);
        asked.AppliesTo(subject).ShouldBeTrue();
        await asked.Run(subject, TestContext.Current.CancellationToken);
    }
}
