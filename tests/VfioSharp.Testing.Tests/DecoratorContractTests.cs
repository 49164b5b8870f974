using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.Testing.Tests;

public class DecoratorContractTests
{
    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (string decoration in (string[])[
                DecoratedSubject.EmptyPlan, DecoratedSubject.EmptyPlanInside, DecoratedSubject.RulesThatSpare, DecoratedSubject.Guards])
            {
                foreach (ContractLayout layout in (ContractLayout[])[ContractLayout.TableAlone, ContractLayout.TableBesideMemory])
                {
                    foreach (ContractCheck check in PciFunctionContract.Checks)
                    {
                        cases.Add(check.Name, layout.Name, decoration);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_decorated_function_keeps_the_contract(string check, string layout, string decoration)
    {
        var subject = new DecoratedSubject(ContractLayout.All.Single(candidate => candidate.Name == layout), decoration);
        ContractCheck asked = PciFunctionContract.Checks.Single(candidate => candidate.Name == check);
        asked.AppliesTo(subject).ShouldBeTrue();
        await asked.Run(subject, TestContext.Current.CancellationToken);
    }
}
