using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Isolation;

/// <summary>
/// What the verdict is worth. An igb under vfio-pci, its MSI-X table mapped, is made to send the message of an NVMe controller that the kernel drives: the
/// audit, made before anything was bound, says what must come of it (docs/demonstration.md).
/// </summary>
public class ForgeTests
{
    private const string Forger = "0000:00:04.0";
    private const string Victim = "0000:00:03.0";
    private const string Edu = "0000:00:05.0";
    private const string NoSourceChecks = "intremap=nosid";
    private const string NoRemapping = "intremap=off";
    private const int Times = 5;

    private static readonly string[] Interrupts = ["nvme0q0", "nvme0q1"];

    public static TheoryData<Iommu, string, bool> Attached => new()
    {
        // Host, kernel's command line, whether it is isolated.
        { Iommu.IntelRemapping, "", true },
        { Iommu.IntelRemapping, NoSourceChecks, false },
        { Iommu.IntelRemapping, $"{NoRemapping} {Override}", false },
        { Iommu.IntelNoRemapping, Override, false },
        { Iommu.AmdRemapping, "", true },
        { Iommu.AmdNoRemapping, Override, false },
    };

    public static TheoryData<Iommu, string> Refused => new()
    {
        { Iommu.IntelRemapping, NoRemapping },
        { Iommu.IntelNoRemapping, "" },
        { Iommu.AmdNoRemapping, "" },
    };

    private static string Override => "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1";

    [Theory, MemberData(nameof(Attached))]
    public async Task Another_functions_message_arrives_exactly_where_the_verdict_says_not_isolated(Iommu iommu, string commandLine, bool isolated)
    {
        GuestRun run = await ForgeAsync(iommu, commandLine);

        run.One("audit").Text("verdict").ShouldBe(isolated ? "Isolated" : "NotIsolated", run.Describe());
        run.One("audit").Flag("kernelAccepts").ShouldBe(true, run.Describe());
        run.One("attach").Flag("attached").ShouldBe(true, run.Describe());
        run.One("attach").Text("table").ShouldBe(isolated ? "Mapped" : "Trapped", run.Describe());
        foreach (string interrupt in Interrupts)
            Forgery(run, $"table: {interrupt}").Number("victim").ShouldBe(isolated ? 0 : Times, run.Describe());
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task Without_the_override_the_kernel_attaches_nothing_that_the_audit_says_it_refuses(Iommu iommu, string commandLine)
    {
        GuestRun run = await ForgeAsync(iommu, commandLine);

        run.One("audit").Text("verdict").ShouldBe("NotIsolated", run.Describe());
        run.One("audit").Flag("kernelAccepts").ShouldBe(false, run.Describe());
        run.One("attach").Flag("attached").ShouldBe(false, run.Describe());
        run.One("attach").Number("error").ShouldBe(1, run.Describe()); // EPERM
    }

    [Theory, MemberData(nameof(Attached))]
    public async Task The_functions_own_message_arrives_before_and_after(Iommu iommu, string commandLine, bool isolated)
    {
        GuestRun run = await ForgeAsync(iommu, commandLine);

        string[] own = ["table: own", "table: own again", "table: own at last"];
        foreach (string message in own)
        {
            Forgery(run, message).Number("own").ShouldBe(Times, $"{message}, isolated: {isolated}\n{run.Describe()}");
            Forgery(run, message).Number("victim").ShouldBe(0, run.Describe());
        }
    }

    [Fact]
    public async Task What_remapping_stops_it_reports_as_a_source_that_has_no_right_to_the_entry()
    {
        GuestRun run = await ForgeAsync(Iommu.IntelRemapping, "");

        // VT-d 5.1.4.1: fault reason 26h, the source-id of the entry does not match.
        Forgery(run, "table: nvme0q0").Texts("log").ShouldContain(
            line => line.Contains("INTR-REMAP") && line.Contains("[00:04.0]") && line.Contains("fault reason 0x26"), run.Describe());
    }

    [Fact]
    public async Task With_a_table_for_each_function_anothers_message_is_one_of_its_own_or_none()
    {
        GuestRun run = await ForgeAsync(Iommu.AmdRemapping, "");

        // AMD-Vi looks the data up in the sender's own table: the first entry is the igb's one interrupt, the second is not there.
        Forgery(run, "table: nvme0q0").Number("own").ShouldBe(Times, run.Describe());
        Forgery(run, "table: nvme0q1").Number("own").ShouldBe(0, run.Describe());
        Forgery(run, "table: compatibility format").Number("victim").ShouldBe(0, run.Describe());
        Forgery(run, "DMA: nvme0q0").Number("victim").ShouldBe(0, run.Describe());
    }

    [Theory, MemberData(nameof(Attached))]
    public async Task A_message_to_no_interrupt_window_is_a_write_to_memory_that_the_function_was_never_shown(Iommu iommu, string commandLine, bool isolated)
    {
        GuestRun run = await ForgeAsync(iommu, commandLine);

        GuestResult astray = Forgery(run, "table: not in the interrupt window");
        astray.Number("victim").ShouldBe(0, $"isolated: {isolated}\n{run.Describe()}");
        astray.Number("own").ShouldBe(0, run.Describe());
        astray.Texts("log").ShouldContain(line => line.Contains("04.0") && (line.Contains("DMA Write") || line.Contains("IO_PAGE_FAULT")), run.Describe());
    }

    /// <summary>
    /// What QEMU's models let through and the specifications do not. Nothing here judges a host: these hold the models, so that it shows when they change.
    /// </summary>
    [Fact]
    public async Task Gaps_of_the_model_are_as_they_are_known()
    {
        GuestRun run = await ForgeAsync(Iommu.IntelRemapping, "");

        // VT-d 5.1.4 blocks compatibility format where remapping is on and GSTS.CFIS is clear; the model passes it on.
        Forgery(run, "table: compatibility format").Number("victim").ShouldBe(Times, run.Describe());

        // The model's DMA carries no requester ID, and a message without one is not checked for its source.
        Forgery(run, "DMA: nvme0q0").Number("victim").ShouldBe(Times, run.Describe());
    }

    private static GuestResult Forgery(GuestRun run, string message) => run.All("forgery").Single(result => result.Text("message") == message);

    private static async Task<GuestRun> ForgeAsync(Iommu iommu, string commandLine)
    {
        Machine machine = Catalogue.X64("6.12", iommu, "nvme,addr=3", "igb,addr=4", "edu,addr=5,dma_mask=0xffffffff");
        GuestRun run = await Lab.RunAsync(commandLine.Length > 0 ? machine.With(commandLine) : machine, "forge", Forger, Victim, Edu);
        return run.ShouldHaveSucceeded();
    }
}
