using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Backends;

/// <summary>The corners of VFIO that a driver seldom sees, on machines made for them.</summary>
public class BackendTests
{
    private const string Edu = "edu,addr=8";

    public static TheoryData<string, string> Ways => new() { { "6.1", "Group" }, { "7", "Group" }, { "6.12", "Group" }, { "6.12", "IommuFd" } };

    [Theory, MemberData(nameof(Ways))]
    public async Task Functions_of_one_group_are_opened_by_one_process(string kernel, string backend)
    {
        GuestRun run = await RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, "edu,addr=8,multifunction=on", "edu,addr=8.1"), "shared", backend);
        run.All("the same function again").Single().Text("exception").ShouldBe("DeviceBusyException");
        GuestResult addresses = run.All("addresses").Single();
        addresses.Text("first").ShouldNotBe(addresses.Text("second"));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Another_process_is_told_who_has_the_function(string kernel, string backend) =>
        await RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, Edu), "busy", backend);

    [Theory, MemberData(nameof(Ways))]
    public async Task A_bus_is_reset_under_a_function_that_stays_open(string kernel, string backend)
    {
        GuestRun run = await RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, "pcie-pci-bridge,id=bridge,addr=9", "e1000,bus=bridge,addr=1"), "hot-reset", backend);
        run.All("reset").Single().Texts("functions").ShouldHaveSingleItem();
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_virtual_function_wants_the_secret_of_its_physical_function(string kernel, string backend)
    {
        GuestRun run = await RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, "igb,addr=9").With("vfio_pci.enable_sriov=1"), "token", backend);
        run.All("no secret").Single().Text("message")!.ShouldContain("VfioOptions.VfToken");
        run.All("wrong secret").Single().Text("message")!.ShouldContain("is not the secret");
        run.All("virtual").Single().Text("verdict").ShouldBe("Isolated");
    }

    [Fact]
    public async Task Without_an_IOMMU_a_function_is_opened_only_by_name()
    {
        GuestRun run = await RunAsync(Catalogue.X64("6.12", Iommu.None, Edu).With("vfio.enable_unsafe_noiommu_mode=1"), "no-iommu", "NoIommu");
        run.All("no group").Single().Text("message")!.ShouldContain("is in no IOMMU group");
        run.All("not by name").Single().Text("message")!.ShouldContain("VfioBackend.NoIommu");
        run.All("open").Single().Text("verdict").ShouldBe("NotIsolated");
        run.All("memory").Single().Text("message")!.ShouldContain("nothing translates");
    }

    [Theory]
    [InlineData("6.1")]
    [InlineData("7")]
    public async Task The_kernel_s_limit_on_mappings_is_known_and_explained(string kernel)
    {
        GuestRun run = await RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, Edu).With("vfio_iommu_type1.dma_entry_limit=4"), "limits", "Group");
        run.All("limit").Single().Number("count").ShouldBe(4);
        run.All("limit").Single().Text("message")!.ShouldContain("dma_entry_limit");
    }

    [Theory]
    [InlineData("vfio_iommu_type1")]
    [InlineData("iommufd")]
    public async Task The_way_whose_override_is_on_is_taken(string module)
    {
        GuestRun run = await RunAsync(Catalogue.X64("6.12", Iommu.IntelNoRemapping, Edu).With($"{module}.allow_unsafe_interrupts=1"), "open", "Auto");
        run.All("unbound").Single().Text("message")!.ShouldContain("vfio bind");
        run.All("open").Single().Text("verdict").ShouldBe("NotIsolated");
    }

    private static async Task<GuestRun> RunAsync(Machine machine, string test, string backend)
    {
        GuestRun run = await Lab.RunAsync(machine, "backend", test, backend);
        run.ShouldHaveSucceeded();
        return run;
    }
}
