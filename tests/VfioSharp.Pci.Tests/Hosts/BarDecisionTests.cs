using System.Text.Json;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>What may be mapped of any BAR, at any page size: foretold as the kernels offered it, and the same as the audit's own decision.</summary>
public sealed class BarDecisionTests
{
    private const uint Mmap = 1 << 2; // VFIO_REGION_INFO_FLAG_MMAP

    public static TheoryData<string> Hosts => [.. CapturedHost.Names];

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_BAR_without_a_table_is_mapped_whole_or_not_at_all_as_the_kernel_offers_it(string name)
    {
        HostAudit audit = HostAudit.Of(CapturedHost.Open(name).Read());
        string truth = Path.Combine(AppContext.BaseDirectory, "Data", "hosts", name, "truth.jsonl");
        foreach (JsonElement answer in File.ReadLines(truth).Where(line => line.Length > 0).Select(line => JsonElement.Parse(line)))
        {
            FunctionAudit function = audit.Functions.Single(f => f.Address == PciAddress.Parse(answer.GetProperty("bdf").GetString()!));
            if (!answer.TryGetProperty("regions", out JsonElement regions))
            {
                continue;
            }

            foreach (JsonElement region in regions.EnumerateArray().Where(region => region.GetProperty("index").GetInt32() < 6))
            {
                int bar = region.GetProperty("index").GetInt32();
                ulong size = region.GetProperty("size").GetUInt64();

                // Where a function lacks the memory-I/O instructions the kernel's offer is of no use: each load raises SIGILL.
                bool offered = function.Evidence.MemoryIoEnabled != false && (Convert.ToUInt32(region.GetProperty("flags").GetString(), 16) & Mmap) != 0;

                MsixTableDecision? decision = audit.Decide(function, bar, audit.PageSize);
                if (decision is null)
                {
                    offered.ShouldBeFalse($"{name} {function.Address} BAR {bar}");
                }
                else if (bar != function.Msix?.TableBar)
                {
                    decision.Mapped.ShouldBe(offered ? [new ByteRange(0, size)] : [], $"{name} {function.Address} BAR {bar}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_tables_BAR_is_decided_about_as_in_an_audit_for_that_page_size(string name)
    {
        HostAudit audit = HostAudit.Of(CapturedHost.Open(name).Read(), rule: MsixTableRule.AcceptRisk);
        foreach (uint pageSize in (uint[])[4096, 16384, 65536])
        {
            HostAudit other = HostAudit.Of(audit.Host, pageSize: pageSize, rule: MsixTableRule.AcceptRisk);
            foreach ((FunctionAudit function, FunctionAudit expected) in audit.Functions.Zip(other.Functions).Where(pair => pair.First.Table is not null))
            {
                MsixTableDecision decision = audit.Decide(function, function.Msix!.TableBar, pageSize).ShouldNotBeNull();
                decision.Explain().ShouldBe(expected.Table!.Explain());
                decision.Mapped.ShouldBe(expected.Table.Mapped);
                decision.Trapped.ShouldBe(expected.Table.Trapped);
            }
        }
    }

    [Fact]
    public void Nothing_is_decided_about_ports_and_what_is_not_there()
    {
        HostAudit audit = HostAudit.Of(CapturedHost.Open("x86-intel-ir").Read());
        FunctionAudit igb = audit.Functions.Single(function => function.Address == PciAddress.Parse("0000:00:04.0"));
        audit.Decide(igb, 2, 4096).ShouldBeNull(); // I/O ports
        audit.Decide(igb, 5, 4096).ShouldBeNull(); // none
        audit.Decide(igb, 0, 4096).ShouldNotBeNull().Reason.ShouldBe(MsixTableReason.NotInThisBar);
        Should.Throw<ArgumentOutOfRangeException>(() => audit.Decide(igb, 6, 4096));
        Should.Throw<ArgumentOutOfRangeException>(() => audit.Decide(igb, -1, 4096));
        Should.Throw<ArgumentException>(() => audit.Decide(igb, 0, 5000));
    }
}
