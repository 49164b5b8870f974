using System.Runtime.CompilerServices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Tests.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Contract.Model;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Loopback;

public class LoopbackTests
{
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;

    private static FunctionLayout Shared => TestFunction.LayoutOf(BarLayout.Memory64(0, 2 * Page) with { Memory = [new(Page, Page)] }) with
    {
        Msix = new(4, 0, Page, 0, Page + 0x400),
    };

    [Theory]
    [InlineData(IsolationVerdict.Isolated, MsixTableRule.RequireIsolation, MsixTableReason.MsisIsolated)]
    [InlineData(IsolationVerdict.NotIsolated, MsixTableRule.RequireIsolation, MsixTableReason.MsisNotIsolated)]
    [InlineData(IsolationVerdict.Unknown, MsixTableRule.RequireIsolation, MsixTableReason.IsolationUnknown)]
    [InlineData(IsolationVerdict.NotIsolated, MsixTableRule.AcceptRisk, MsixTableReason.RiskAccepted)]
    [InlineData(IsolationVerdict.Isolated, MsixTableRule.NeverMap, MsixTableReason.PolicyForbids)]
    public async Task The_table_s_page_is_mapped_as_the_decision_says(IsolationVerdict verdict, MsixTableRule rule, MsixTableReason reason)
    {
        await using PciFunction driver = Devices.Loopback.Attach(new TestFunction(Shared), new LoopbackOptions { Isolation = verdict, TableRule = rule });
        using Bar bar = driver.MapBar(0);
        bar.MsixTable.Reason.ShouldBe(reason);
        bar.Mapped.ShouldBe(bar.MsixTable.Access == MsixTableAccess.Mapped ? [new ByteRange(Page, Page)] : []);
    }

    [Theory]
    [InlineData(IsolationVerdict.Isolated)]
    [InlineData(IsolationVerdict.NotIsolated)]
    public async Task Driver_and_function_see_each_other_s_writes_to_shared_memory(IsolationVerdict verdict)
    {
        var model = new TestFunction(Shared);
        BarMemory memory = model.MemoryOf(0, new ByteRange(Page + 0x800, 0x100));
        await using PciFunction driver = Devices.Loopback.Attach(model, new LoopbackOptions { Isolation = verdict });
        using Bar bar = driver.MapBar(0);
        bar.Registers.Write32(Page + 0x800, 0xFEED);
        memory.Read32(0).ShouldBe(0xFEEDu);
        memory.Write32(0xFC, 0xBEEF);
        bar.Registers.Read32(Page + 0x8FC).ShouldBe(0xBEEFu);
        model.Calls.ShouldBeEmpty();
        bar.Registers.Read32(0);
        model.Calls.ShouldBe(["read 4 at 0:0"]);
    }

    [Fact]
    public async Task The_table_is_not_shown_through_the_region_but_its_neighbours_are()
    {
        var model = new TestFunction(Shared);
        await using PciFunction driver = Devices.Loopback.Attach(model);
        model.MemoryOf(0, new ByteRange(Page + 0x40, 8)).Write64(0, 0x1122_3344);
        byte[] data = new byte[0x50];
        driver.ReadRegion(0, Page, data);
        data.AsSpan(0, 0x40).IndexOfAnyExcept(byte.MaxValue).ShouldBe(-1);
        data.AsSpan(0x40, 4).ToArray().ShouldBe([0x44, 0x33, 0x22, 0x11]);

        driver.WriteRegion(0, Page + 0x30, new byte[0x18]);
        model.ReadBus(0, Page + 0x3C, 4).ShouldBe(1UL);
        model.ReadBus(0, Page + 0x40, 8).ShouldBe(0UL);
    }

    [Fact]
    public async Task The_interrupt_capabilities_are_the_host_s_to_program()
    {
        var model = new TestFunction(Shared with { MsiVectors = 2 });
        await using PciFunction driver = Devices.Loopback.Attach(model);
        CapabilityOffsets at = model.Core.Configuration.Capabilities;
        driver.Configuration.Write16(at.Msix + 2, 0xC000);
        driver.Configuration.Write16(at.Msi + 2, 1);
        driver.Configuration.Write32(at.Msi + 4, 0xFEE0_0000);
        driver.Configuration.Write16(at.PowerManagement + 4, 3);
        PciCapabilities capabilities = driver.Configuration.Read().Capabilities;
        capabilities.Msix!.Value.IsEnabled.ShouldBeFalse();
        capabilities.Msi!.Value.IsEnabled.ShouldBeFalse();
        driver.Configuration.Read32(at.Msi + 4).ShouldBe(0u);
        capabilities.PowerManagement!.Value.State.ShouldBe(PowerState.D3Hot);
    }

    [Fact]
    public async Task Registers_read_as_all_ones_while_memory_decoding_is_off()
    {
        await using PciFunction driver = Devices.Loopback.Attach(new TestFunction(TestFunction.LayoutOf(BarLayout.Memory32(0, 4096))));
        using Bar bar = driver.MapBar(0);
        bar.Mapped.ShouldBeEmpty();
        driver.Configuration.SetCommand(PciCommand.MemorySpace, false);
        bar.Registers.Read32(0).ShouldBe(uint.MaxValue);
        bar.Registers.Write32(0, 1);
        driver.Configuration.SetCommand(PciCommand.MemorySpace, true);
        bar.Registers.Read32(0).ShouldBe(0u);
    }

    [Fact]
    public async Task A_signal_while_bus_mastering_is_off_comes_when_it_is_on()
    {
        var model = new TestFunction(Shared);
        await using PciFunction driver = Devices.Loopback.Attach(model);
        using MsixVectors vectors = await driver.EnableMsixAsync(1, TestContext.Current.CancellationToken);
        driver.Configuration.SetCommand(PciCommand.BusMaster, false);
        model.Raise(0);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        vectors[0].TryTake().ShouldBeFalse();
        driver.Configuration.SetCommand(PciCommand.BusMaster, true);
        await vectors[0].WaitAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_function_level_reset_by_register_brings_back_what_the_host_had_programmed_as_vfio_pci_does()
    {
        var model = new TestFunction(Shared);
        await using PciFunction driver = Devices.Loopback.Attach(model);
        using MsixVectors vectors = await driver.EnableMsixAsync(2, TestContext.Current.CancellationToken);
        PciCommand command = driver.Configuration.ReadCommand();
        driver.Configuration.Write16(model.Core.Configuration.Capabilities.PciExpress + 8, 0x8000);
        model.Calls.ShouldBe(["quiesce", "reset", "resume"]);
        driver.Configuration.ReadCommand().ShouldBe(command);
        model.Raise(1);
        await vectors[1].WaitAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Trapped_registers_and_interrupts_allocate_nothing()
    {
        BarLayout bar = BarLayout.Memory32(0, 4096) with { Memory = [new(0x100, 0x100)] }; // less than a page, so not mapped
        var model = new TestFunction(TestFunction.LayoutOf(bar, BarLayout.Msix(1, 4)));
        await using PciFunction driver = Devices.Loopback.Attach(model);
        using Bar trapped = driver.MapBar(0);
        trapped.Mapped.ShouldBeEmpty();
        uint written = 0;
        Allocations.Of(
            () =>
            {
                trapped.Registers.Write32(0x100, written++);
                trapped.Registers.Read32(0x100);
                model.Raise(0);
            },
            times: 200).ShouldBe(0);
        trapped.Registers.Read32(0x100).ShouldBe(1_999u);
    }

    [Fact]
    public async Task A_model_whose_driver_asked_for_the_impossible_can_be_attached_again()
    {
        var model = new TestFunction(Shared);
        var range = new IovaRange(new Iova(0), new Iova(0xFFFF));
        Should.Throw<ArgumentException>(() => Devices.Loopback.Attach(model, new LoopbackOptions { DmaRanges = [range, range] }));
        await using PciFunction driver = Devices.Loopback.Attach(model);
        driver.IsLost.ShouldBeFalse();
    }

    [Fact]
    public async Task A_model_has_one_driver_and_keeps_its_state_for_the_next()
    {
        ContractModel model = new ContractModel(ContractLayout.TableAlone).Initialize();
        await using (PciFunction driver = Devices.Loopback.Attach(model))
        {
            Should.Throw<DeviceBusyException>(() => Devices.Loopback.Attach(model));
            using Bar bar = driver.MapBar(0);
            bar.Registers.Write32(ContractModel.Scratch, 0x77);
        }

        await using PciFunction next = Devices.Loopback.Attach(model);
        using Bar again = next.MapBar(0);
        again.Registers.Read32(ContractModel.Scratch).ShouldBe(0x77u);
    }

    [Fact]
    public async Task A_reset_that_the_model_fails_is_told_as_one()
    {
        var model = new TestFunction(Shared) { Resets = () => throw new InvalidOperationException("stuck") };
        await using PciFunction driver = Devices.Loopback.Attach(model);
        PciException failure = await Should.ThrowAsync<PciException>(async () => await driver.ResetAsync(TestContext.Current.CancellationToken));
        failure.Message.ShouldBe("loopback failed to reset: stuck");
        failure.InnerException.ShouldBeOfType<InvalidOperationException>();
    }

    [Fact]
    public void A_driver_that_is_dropped_keeps_its_memory_as_long_as_the_model_can_reach_it()
    {
        var model = new TestFunction(Shared);
        Iova shown = Drop(model);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        byte[] data = new byte[1];
        model.Read(shown, data).ShouldBeTrue();
        data.ShouldBe([0x5A]);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Iova Drop(TestFunction model)
        {
            DmaBuffer buffer = Devices.Loopback.Attach(model).Dma.Allocate(4096);
            buffer.Span.Fill(0x5A);
            return buffer.Iova;
        }
    }

    [Fact]
    public void A_driver_cannot_be_joined_to_nothing() => Should.Throw<ArgumentNullException>(() => Devices.Loopback.Attach(null!));
}
