using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Binding;

/// <summary><c>vfio bind</c> and <c>vfio unbind</c> as far as they go without touching this machine.</summary>
public sealed class BindTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_dry_run_is_a_script_of_what_would_be_done()
    {
        CliRun run = CliRun.Of("bind", "0000:00:04.0", "--dry-run", "--root", CapturedHost.Archive("x86-intel-ir"));
        run.Status.ShouldBe(0, run.Error);
        run.Error.ShouldBeEmpty();
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldBe("# 0000:00:04.0");
        lines[1].ShouldStartWith("mkdir -p /run/vfiosharp/bound && printf 'device ");
        lines[2..].ShouldBe(
        [
            "echo vfio-pci > /sys/bus/pci/devices/0000:00:04.0/driver_override",
            $"echo 0000:00:04.0 > /sys/bus/pci/drivers/{Regex.Match(lines[1], @"driver (\w+)").Groups[1].Value}/unbind",
            "echo 0000:00:04.0 > /sys/bus/pci/drivers/vfio-pci/bind",
        ]);
    }

    [Fact]
    public void A_dry_run_of_a_group_shows_its_companions()
    {
        string root = CapturedHost.Archive("x86-intel-ir-rich");
        CliRun alone = CliRun.Of("bind", "0000:00:1f.2", "--dry-run", "--root", root);
        alone.Output.ShouldContain("# 0000:00:1f.2: its group also holds ");
        alone.Output.ShouldContain("vfio bind --group 0000:00:1f.2");
        Regex.Count(alone.Output, "vfio-pci/bind").ShouldBe(1);

        CliRun group = CliRun.Of("bind", "0000:00:1f.2", "--group", "--dry-run", "--root", root);
        group.Output.ShouldNotContain("its group also holds");
        Regex.Count(group.Output, "vfio-pci/bind").ShouldBe(3);
    }

    [Fact]
    public void A_module_that_is_missing_is_loaded_unless_forbidden()
    {
        string root = new AlteredHost("x86-intel-ir").Without("^sys/bus/pci/drivers/vfio-pci").WriteTo(folder);
        CliRun.Of("bind", "0000:00:04.0", "--dry-run", "--root", root).Output.ShouldContain("\nmodprobe vfio-pci\n");
        CliRun.Of("bind", "0000:00:04.0", "--dry-run", "--no-modprobe", "--root", root).Error.ShouldContain("the kernel has no vfio-pci: modprobe vfio-pci");
    }

    [Fact]
    public void What_is_in_use_is_refused_with_all_reasons_and_the_way_out()
    {
        const string Disk = "sys/devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1";
        string root = new AlteredHost("x86-intel-ir").WithLink("sys/class/block/nvme0n1", "../../" + Disk["sys/".Length..]).With($"{Disk}/dev", "259:0\n")
            .With("proc/self/mountinfo", "22 1 259:0 / /data rw - xfs /dev/nvme0n1 rw\n").With("proc/swaps", "Filename Type\n/dev/nvme0n1 partition\n").WriteTo(folder);

        CliRun run = CliRun.Of("bind", "0000:00:03.0", "0000:00:04.0", "--dry-run", "--root", root);
        run.Status.ShouldBe(77);
        run.Error.ShouldBe("""
            vfio: 0000:00:03.0: nvme0n1 is mounted on /data: umount /data
            vfio: 0000:00:03.0: nvme0n1 is swap space: swapoff /dev/nvme0n1
            vfio: nothing was touched; --force does it nevertheless

            """);

        CliRun forced = CliRun.Of("bind", "0000:00:03.0", "--force", "--dry-run", "--root", root);
        forced.Status.ShouldBe(0, forced.Error);
        forced.Output.ShouldContain("# 0000:00:03.0: nvme0n1 is mounted on /data; taken by force");
    }

    [Fact]
    public void What_cannot_be_bound_is_refused_without_a_way_out()
    {
        CliRun run = CliRun.Of("bind", "00:00.0", "--force", "--dry-run", "--root", CapturedHost.Archive("x86-no-iommu"));
        run.Status.ShouldBe(77);
        run.Error.ShouldContain("0000:00:00.0: it is in no IOMMU group");
        run.Error.ShouldNotContain("--force");
    }

    [Fact]
    public void A_dry_run_of_an_unbind_names_the_driver_that_was_remembered()
    {
        string root = new AlteredHost("x86-intel-ir").Without("^sys/devices/pci0000:00/0000:00:04.0/driver$").WithLink("sys/devices/pci0000:00/0000:00:04.0/driver", "../../../bus/pci/drivers/vfio-pci")
            .With("sys/devices/pci0000:00/0000:00:04.0/driver_override", "vfio-pci\n").WriteTo(folder);
        CliRun run = CliRun.Of("unbind", "0000:00:04.0", "--dry-run", "--root", root);
        run.Status.ShouldBe(0, run.Error);
        run.Output.ShouldBe("""
            # 0000:00:04.0
            echo > /sys/bus/pci/devices/0000:00:04.0/driver_override
            echo 0000:00:04.0 > /sys/bus/pci/drivers/vfio-pci/unbind
            echo 0000:00:04.0 > /sys/bus/pci/drivers_probe

            """);
        CliRun.Of("bind", "0000:00:04.0", "--dry-run", "--root", root).Output.ShouldBe("# 0000:00:04.0: already bound to vfio-pci\n");
    }

    [Fact]
    public void What_is_not_bound_needs_no_unbinding() =>
        CliRun.Of("unbind", "0000:00:03.0", "--dry-run", "--root", CapturedHost.Archive("x86-intel-ir")).Output.ShouldBe("# 0000:00:03.0: not bound to vfio-pci but to nvme\n");

    [Theory]
    [InlineData("bind")]
    [InlineData("unbind")]
    public void Another_host_can_only_be_rehearsed(string command) =>
        CliRun.Of(command, "0000:00:03.0", "--root", CapturedHost.Archive("x86-intel-ir")).ShouldBeRefused(64, "--root", "--dry-run");

    [Theory]
    [InlineData("bind")]
    [InlineData("unbind")]
    public void A_command_line_that_is_wrong_is_refused(string command)
    {
        CliRun.Of(command).Status.ShouldBe(64);
        CliRun.Of(command, "nonsense").ShouldBeRefused(64, "'nonsense' is not a PCI address");
        CliRun.Of(command, "0000:ff:1f.7", "--dry-run", "--root", CapturedHost.Archive("x86-intel-ir")).ShouldBeRefused(66, "0000:ff:1f.7");
    }

    [Theory]
    [InlineData("bind", "--group", "--force", "--dry-run", "--no-modprobe", "Exit status", "Example")]
    [InlineData("unbind", "--force", "--dry-run", "Exit status", "Example")]
    [InlineData("list", "--all", "--json", "--root", "Example")]
    public void The_help_says_all(string command, params string[] said)
    {
        string help = CliRun.Of(command, "--help").Output;
        foreach (string word in said)
        {
            help.ShouldContain(word, Case.Sensitive);
        }

        CliRun.Of("--help").Output.ShouldContain(command, Case.Sensitive);
    }
}
