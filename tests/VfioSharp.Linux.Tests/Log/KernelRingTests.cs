using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Log;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Log;

public sealed class KernelLogTests
{
    [Theory]
    [InlineData("6,12,1797302,-;DMAR-IR: Enabled IRQ remapping in x2apic mode\n", "[    1.797302] DMAR-IR: Enabled IRQ remapping in x2apic mode\n")]
    [InlineData("5,0,0,-;Linux version 7.3\n", "[    0.000000] Linux version 7.3\n")]
    [InlineData("6,1,123456000001,-;late\n", "[123456.000001] late\n")]
    [InlineData("6,1,5000000,-,caller=T123;with caller\n", "[    5.000000] with caller\n")]
    [InlineData("6,1,5000000,c;a fragment of its own\n", "[    5.000000] a fragment of its own\n")]
    [InlineData("6,1,5000000;no flags\n", "[    5.000000] no flags\n")]
    [InlineData("6,1,5000000,-;pci 0000:00:03.0: hello\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:03.0\n", "[    5.000000] pci 0000:00:03.0: hello\n")]
    [InlineData("6,1,5000000,-;a; b; c\n", "[    5.000000] a; b; c\n")]
    [InlineData("6,1,5000000,-;\n", "[    5.000000] \n")]
    [InlineData("6,1,5000000,-;no end", "[    5.000000] no end\n")]
    [InlineData(@"6,1,5000000,-;one\x0atwo" + "\n", "[    5.000000] one\n[    5.000000] two\n")]
    [InlineData(@"6,1,5000000,-;caf\xc3\xa9 \x5c\x09." + "\n", "[    5.000000] café \\\t.\n")]
    [InlineData(@"6,1,5000000,-;red \x1b[31m bell \x07" + "\n", "[    5.000000] red \\x1b[31m bell \\x07\n")]
    [InlineData(@"6,1,5000000,-;\x5cx41 \x4 \xzz \x" + "\n", "[    5.000000] \\x41 \\x4 \\xzz \\x\n")]
    public void A_record_becomes_a_line(string record, string text) => Drain(record).ShouldBe(text);

    [Theory]
    [InlineData("12,5,1000,-;DMAR-IR: Enabled IRQ remapping\n", "a program's, facility 1")]
    [InlineData("30,5,1000,-;systemd[1]: Enabled IRQ remapping\n", "a daemon's, facility 3")]
    [InlineData("no record at all\n", "no header")]
    [InlineData("x,y,z,-;text\n", "no numbers")]
    [InlineData("6,1;text\n", "no time")]
    [InlineData(";text\n", "nothing")]
    [InlineData("-6,1,1,-;text\n", "negative")]
    public void What_the_kernel_did_not_write_is_left_out(string record, string why) => Drain(record).ShouldBe("", why);

    [Fact]
    public void A_line_that_older_kernels_cut_is_joined_again() => Drain(
        "6,1,1000000,c;ACPI: PCI Interrupt Link\n", "6,2,1000100,+; (IRQs 3 4\n", "6,3,1000200,+; 5)\n",
        "6,4,2000000,-;next\n", "14,5,2,-;ours\n", "6,6,3000000,+;not ours\n")
        .ShouldBe("[    1.000000] ACPI: PCI Interrupt Link (IRQs 3 4 5)\n[    2.000000] next\n[    3.000000] not ours\n");

    [Fact]
    public void Overwritten_records_are_passed_over()
    {
        var answers = new Queue<(Errno, string)>([
            (Errno.EPIPE, ""), (Errno.None, "6,9,1,-;a\n"), (Errno.EPIPE, ""), (Errno.None, "6,12,2,-;b\n"), (Errno.EAGAIN, "")]);

        Text(KernelRing.Drain(Reader(answers))).ShouldBe("[    0.000001] a\n[    0.000002] b\n");
        answers.ShouldBeEmpty();
    }

    [Fact]
    public void A_log_that_is_overwritten_for_ever_ends() =>
        KernelRing.Drain((Span<byte> _, out int length) =>
        {
            length = 0;
            return Errno.EPIPE;
        }).State.ShouldBe(HostFileState.Failed);

    [Theory]
    [InlineData(nameof(Errno.EPERM), HostFileState.Denied)]
    [InlineData(nameof(Errno.EIO), HostFileState.Failed)]
    [InlineData(nameof(Errno.EAGAIN), HostFileState.Read)]
    public void An_error_before_any_record_is_the_logs_state(string errno, HostFileState state) =>
        KernelRing.Drain(Reader(new([(Enum.Parse<Errno>(errno), "")]))).State.ShouldBe(state);

    [Fact]
    public void An_error_after_some_records_leaves_those() =>
        Text(KernelRing.Drain(Reader(new([(Errno.None, "6,9,1,-;a\n"), (Errno.EINVAL, "")])))).ShouldBe("[    0.000001] a\n");

    [Fact]
    public void The_text_of_the_system_call_loses_its_priorities_and_other_programs_lines()
    {
        var text = new KernelLogText();
        text.AddSyslog(Encoding.UTF8.GetBytes(
            "<6>[    0.000000] Linux version\n<12>[    1.0] a program's\n<4>[    2.000000] escape \x1b[31m é\n<>no\nnone\n<x>no\n<5>no time"));

        Encoding.UTF8.GetString(text.ToArray()).ShouldBe("[    0.000000] Linux version\n[    2.000000] escape \\x1b[31m é\nno time\n");
    }

    private static string Drain(params string[] records) =>
        Text(KernelRing.Drain(Reader(new([.. records.Select(record => (Errno.None, record)), (Errno.EAGAIN, "")]))));

    private static string Text(HostFile file)
    {
        file.State.ShouldBe(HostFileState.Read);
        return Encoding.UTF8.GetString(file.Content.Span);
    }

    private static RecordReader Reader(Queue<(Errno Error, string Record)> answers) => (Span<byte> buffer, out int length) =>
    {
        (Errno error, string record) = answers.Dequeue();
        length = Encoding.UTF8.GetBytes(record, buffer);
        return error;
    };
}
