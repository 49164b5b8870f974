using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>MSI-X and MSI as a bus sees them: the host is a recorder, and messages are what software wrote.</summary>
public class MessageTests
{
    private const int Bar = 2;
    private const ulong Pba = 0x800;

    private readonly TestFunction function;
    private readonly RecordingHost host;
    private readonly int msix;
    private readonly int msi;

    public MessageTests()
    {
        function = new TestFunction(TestFunction.LayoutOf(BarLayout.Memory32(0, 64), BarLayout.Msix(Bar, 70)) with { MsiVectors = 4 });
        function.PowerOn();
        host = function.Plug();
        msix = function.Core.Configuration.Capabilities.Msix;
        msi = function.Core.Configuration.Capabilities.Msi;
    }

    [Fact]
    public void An_enabled_and_unmasked_vector_sends_what_its_entry_holds()
    {
        Program(3, 0x1_FEE0_0000, 0x42);
        EnableMsix();
        function.Raise(3);
        host.Heard.ShouldBe(["Msix 3 1fee00000 42"]);
        Pending(3).ShouldBeFalse();
    }

    [Fact]
    public void All_entries_are_masked_at_first()
    {
        EnableMsix();
        for (int vector = 0; vector < 70; vector++)
        {
            function.ReadBus(Bar, Entry(vector) + 12, 4).ShouldBe(1UL);
            function.Raise(vector);
        }

        host.Heard.ShouldBeEmpty();
        function.ReadBus(Bar, Pba, 8).ShouldBe(ulong.MaxValue);
        function.ReadBus(Bar, Pba + 8, 8).ShouldBe(0x3FUL);
    }

    [Fact]
    public void A_masked_vector_stays_pending_and_is_sent_once_when_its_entry_is_unmasked()
    {
        Program(65, 0x1000, 7);
        Mask(65, true);
        EnableMsix();
        function.Raise(65);
        function.Raise(65);
        Pending(65).ShouldBeTrue();
        host.Heard.ShouldBeEmpty();

        Mask(65, false);
        host.Heard.ShouldBe(["Msix 65 1000 7"]);
        Pending(65).ShouldBeFalse();
    }

    [Fact]
    public void The_function_mask_holds_all_back_and_lets_all_go_at_once()
    {
        Program(0, 0x1000, 1);
        Program(1, 0x2000, 2);
        Program(64, 0x3000, 3);
        function.WriteConfig(msix + 2, 0xC000, 2);
        function.Raise(64);
        function.Raise(0);
        host.Heard.ShouldBeEmpty();
        function.WriteConfig(msix + 2, 0x8000, 2);
        host.Heard.ShouldBe(["Msix 0 1000 1", "Msix 64 3000 3"]);
    }

    [Fact]
    public void A_vector_raised_while_MSIX_is_off_is_sent_when_it_is_turned_on()
    {
        Program(2, 0x1000, 1);
        function.Raise(2);
        host.Heard.ShouldBeEmpty();
        Pending(2).ShouldBeTrue();
        EnableMsix();
        host.Heard.ShouldBe(["Msix 2 1000 1"]);
    }

    [Fact]
    public void A_message_is_a_memory_write_and_waits_for_bus_mastering()
    {
        Program(2, 0x1000, 1);
        EnableMsix();
        function.SetCommand(PciCommand.MemorySpace);
        function.Raise(2);
        host.Heard.ShouldBeEmpty();
        Pending(2).ShouldBeTrue();
        function.PowerOn();
        host.Heard.ShouldBe(["Msix 2 1000 1"]);
    }

    [Fact]
    public void A_sleeping_function_answers_in_configuration_space_alone_and_sends_when_it_wakes()
    {
        int state = function.Core.Configuration.Capabilities.PowerManagement + 4;
        Program(2, 0x1000, 1);
        EnableMsix();
        function.WriteConfig(state, 3, 2);
        function.ReadBus(0, 0, 4).ShouldBeNull();
        function.WriteBus(0, 0, 4, 0).ShouldBeFalse();
        function.Raise(2);
        host.Heard.ShouldBeEmpty();
        function.WriteConfig(state, 0, 2);
        host.Heard.ShouldBe(["Msix 2 1000 1"]);
        function.ReadBus(0, 0, 4).ShouldBe(0UL);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_power_state_that_the_function_does_not_have_is_not_taken(uint unsupported)
    {
        int state = function.Core.Configuration.Capabilities.PowerManagement + 4;
        function.WriteConfig(state, unsupported, 2);
        function.ReadConfig(state, 1).ShouldBe(8u);
        function.WriteConfig(state, 3, 2);
        function.WriteConfig(state, unsupported, 2);
        function.ReadConfig(state, 1).ShouldBe(0xBu);
    }

    [Fact]
    public void A_message_that_nobody_takes_stays_pending()
    {
        Program(2, 0x1000, 1);
        EnableMsix();
        host.Takes = false;
        function.Raise(2);
        Pending(2).ShouldBeTrue();
        host.Takes = true;
        Mask(2, false);
        host.Heard.ShouldBe(["Msix 2 1000 1"]);
    }

    [Fact]
    public void Pending_bits_cannot_be_written()
    {
        function.WriteBus(Bar, Pba, 8, ulong.MaxValue).ShouldBeTrue();
        function.ReadBus(Bar, Pba, 8).ShouldBe(0UL);
        Program(0, 0x1000, 1);
        EnableMsix();
        host.Heard.ShouldBeEmpty();
    }

    [Fact]
    public void A_table_entry_reads_back_what_was_written_in_any_width()
    {
        function.WriteBus(Bar, Entry(5), 8, 0x0011_2233_4455_6674);
        function.WriteBus(Bar, Entry(5) + 8, 4, 0xCAFE);
        function.ReadBus(Bar, Entry(5), 8).ShouldBe(0x0011_2233_4455_6674UL);
        function.ReadBus(Bar, Entry(5) + 4, 4).ShouldBe(0x0011_2233UL);
        function.ReadBus(Bar, Entry(5) + 8, 8).ShouldBe(0x1_0000_CAFEUL);
    }

    [Fact]
    public async Task A_reset_masks_disables_and_forgets()
    {
        Program(0, 0x1000, 1);
        EnableMsix();
        Mask(0, true);
        function.Raise(0);
        await function.Core.ResetAsync(TestContext.Current.CancellationToken);

        function.Configuration().Capabilities.Msix!.Value.IsEnabled.ShouldBeFalse();
        function.PowerOn();
        Pending(0).ShouldBeFalse();
        function.ReadBus(Bar, Entry(0), 8).ShouldBe(0UL);
        function.ReadBus(Bar, Entry(0) + 12, 4).ShouldBe(1UL);
        host.Heard.ShouldBeEmpty();
    }

    [Fact]
    public void MSI_sends_what_the_capability_holds_with_the_vector_in_the_low_bits()
    {
        EnableMsi(vectors: 4);
        function.Raise(0);
        function.Raise(3);
        host.Heard.ShouldBe(["Msi 0 2fee00000 4100", "Msi 3 2fee00000 4103"]);
    }

    [Fact]
    public void MSI_with_fewer_vectors_than_asked_for_folds_them()
    {
        EnableMsi(vectors: 2);
        function.Raise(2);
        function.Raise(3);
        host.Heard.ShouldBe(["Msi 0 2fee00000 4100", "Msi 1 2fee00000 4101"]);
    }

    [Fact]
    public void A_masked_MSI_vector_stays_pending_until_it_is_unmasked()
    {
        EnableMsi(vectors: 4);
        function.WriteConfig(msi + 0x10, 0b0110);
        function.Raise(1);
        function.Raise(2);
        function.Raise(0);
        host.Heard.ShouldBe(["Msi 0 2fee00000 4100"]);
        function.ReadConfig(msi + 0x14).ShouldBe(0b0110u);
        function.WriteConfig(msi + 0x10, 0b0100);
        host.Heard.ShouldBe(["Msi 1 2fee00000 4101"]);
        function.ReadConfig(msi + 0x14).ShouldBe(0b0100u);
    }

    [Fact]
    public void MSIX_goes_before_MSI()
    {
        EnableMsi(vectors: 1);
        Program(0, 0x1000, 1);
        EnableMsix();
        function.Raise(0);
        host.Heard.ShouldBe(["Msix 0 1000 1"]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(70)]
    public void A_vector_that_there_is_not_cannot_be_raised(int vector) =>
        Should.Throw<ArgumentOutOfRangeException>(() => function.Raise(vector));

    [Fact]
    public void A_function_without_messages_cannot_raise() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new TestFunction(TestFunction.LayoutOf()).Raise(0));

    private static ulong Entry(int vector) => (ulong)vector * 16;

    private void Program(int vector, ulong address, uint data)
    {
        function.WriteBus(Bar, Entry(vector), 8, address).ShouldBeTrue();
        function.WriteBus(Bar, Entry(vector) + 8, 4, data).ShouldBeTrue();
        Mask(vector, false);
    }

    private void Mask(int vector, bool masked) => function.WriteBus(Bar, Entry(vector) + 12, 4, masked ? 1u : 0).ShouldBeTrue();

    private bool Pending(int vector) => (function.ReadBus(Bar, Pba + ((ulong)vector / 64 * 8), 8)!.Value & (1UL << (vector % 64))) != 0;

    private void EnableMsix() => function.WriteConfig(msix + 2, 0x8000, 2);

    private void EnableMsi(int vectors)
    {
        function.WriteConfig(msi + 4, 0xFEE0_0000);
        function.WriteConfig(msi + 8, 2);
        function.WriteConfig(msi + 12, 0x4100, 2);
        function.WriteConfig(msi + 2, (uint)(int.Log2(vectors) << 4) | 1, 2);
    }
}
