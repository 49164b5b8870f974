using System.Diagnostics;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Tests.Binding;

/// <summary>The one place that writes, on files that record what is written.</summary>
public sealed class LinuxBindingHostTests : IDisposable
{
    private static readonly PciAddress Address = PciAddress.Parse("0000:01:00.0");

    private readonly TemporaryFolder folder = new TemporaryFolder().File("sys/kernel/uevent_seqnum", "1\n");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_write_is_one_line_over_what_is_there_and_truncates_nothing()
    {
        folder.File($"sys/bus/pci/devices/{Address}/driver_override", "0123456789abcdef");
        Host().Perform(BindingStep.Override(Address, "vfio-pci")).ShouldBeNull();
        File.ReadAllText(folder[$"sys/bus/pci/devices/{Address}/driver_override"]).ShouldBe("vfio-pci\n9abcdef");
        Host().Perform(BindingStep.Override(Address, null)).ShouldBeNull();
        File.ReadAllText(folder[$"sys/bus/pci/devices/{Address}/driver_override"]).ShouldBe("\nfio-pci\n9abcdef");
    }

    [Fact]
    public void A_file_that_is_missing_is_not_made()
    {
        folder.File("sys/bus/pci/drivers/igb/uevent", "");
        BindingStep step = BindingStep.Attach(Address, "igb");
        BindingFault fault = Host().Perform(step).ShouldNotBeNull();
        fault.Error.ShouldBe(Errno.ENOENT);
        fault.Explain(step).ShouldBe($"/sys/bus/pci/drivers/igb/bind did not take {Address} (ENOENT): the driver has been unloaded");
        File.Exists(folder["sys/bus/pci/drivers/igb/bind"]).ShouldBeFalse();
    }

    [Fact]
    public void What_may_not_be_written_is_said_with_what_to_do()
    {
        folder.File("sys/bus/pci/drivers_probe", "");
        File.SetUnixFileMode(folder["sys/bus/pci/drivers_probe"], UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(folder.Path, File.GetUnixFileMode(folder.Path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        BindingStep step = BindingStep.Probe(Address);
        BindingFault fault = Unprivileged.Run(() => Host().Perform(step)).ShouldNotBeNull();
        fault.Error.ShouldBe(Errno.EACCES);
        fault.Explain(step).ShouldEndWith("(EACCES): run it as root, outside a container");
    }

    [Fact]
    public void The_kernels_error_comes_through()
    {
        // The kernel's own file that takes no such number.
        folder.Link("sys/bus/pci/drivers_probe", "/proc/self/oom_score_adj");
        Host().Perform(BindingStep.Probe(Address)).ShouldNotBeNull().Error.ShouldBe(Errno.EINVAL);
    }

    [Fact]
    public void A_record_is_written_whole_and_removed()
    {
        var record = new BindingRecord(0x8086, 0x10c9, "igb", null);
        Host().Perform(BindingStep.Forget(Address)).ShouldBeNull();
        Host().Perform(BindingStep.Remember(Address, record)).ShouldBeNull();
        BindingRecord.Parse(LinuxHost.OpenTree(folder.Path).Read(BindingRecord.PathOf(Address)).Text).ShouldBe(record);
        Directory.GetFiles(folder[BindingRecord.Folder]).ShouldHaveSingleItem();
        Host().Perform(BindingStep.Forget(Address)).ShouldBeNull();
        Directory.GetFiles(folder[BindingRecord.Folder]).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("#!/bin/sh\necho \"$@\" > {0}/loaded", "vfio-pci\n", null)]
    [InlineData("#!/bin/sh\necho 'no such module' >&2; exit 1", null, "modprobe vfio-pci failed: no such module")]
    [InlineData("#!/bin/sh\nexit 3", null, "modprobe vfio-pci failed: it ended with status 3")]
    [InlineData(null, null, "modprobe vfio-pci failed: there is no ")]
    public void A_module_is_loaded_by_the_program_that_the_kernel_would_use(string? script, string? loaded, string? said)
    {
        folder.File("proc/sys/kernel/modprobe", folder["bin/load"] + "\n");
        if (script is not null)
        {
            folder.File("bin/load", script.Replace("{0}", folder.Path, StringComparison.Ordinal));
            File.SetUnixFileMode(folder["bin/load"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        BindingStep step = BindingStep.LoadModule("vfio-pci");
        BindingFault? fault = Host().Perform(step);
        (File.Exists(folder["loaded"]) ? File.ReadAllText(folder["loaded"]) : null).ShouldBe(loaded);
        if (said is null)
        {
            fault.ShouldBeNull();
        }
        else
        {
            fault.ShouldNotBeNull().Explain(step).ShouldStartWith(said);
        }
    }

    [Fact]
    public void Where_modules_may_not_be_loaded_none_is()
    {
        folder.File("proc/sys/kernel/modprobe", "\n");
        Host().Perform(BindingStep.LoadModule("vfio-pci")).ShouldNotBeNull().Detail.ShouldNotBeNull().ShouldContain("no module may be loaded");
    }

    [Fact]
    public void Changes_take_turns()
    {
        IDisposable first = HostLock.Take(folder.Path, TimeSpan.Zero);
        Should.Throw<IOException>(() => HostLock.Take(folder.Path, TimeSpan.FromMilliseconds(50))).Message.ShouldContain("/run/vfiosharp/lock");
        var waited = Stopwatch.StartNew();
        using (var timer = new Timer(_ => first.Dispose(), null, TimeSpan.FromMilliseconds(60), Timeout.InfiniteTimeSpan))
        {
            HostLock.Take(folder.Path, TimeSpan.FromSeconds(30)).Dispose();
        }

        waited.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(40));
    }

    [Fact]
    public void A_kernel_that_takes_the_write_and_binds_nothing_is_found_out()
    {
        folder.Run("tar", "-xzf", CapturedHosts.Archive("x86-intel-ir"), "-C", folder.Path);
        folder.Run("chmod", "-R", "u+rwX", folder.Path);
        var binding = new VfioBinding(folder.Path);
        FunctionBinding function = binding.List().First(each => each.Evidence.Driver == "igb");
        folder.File("sys/bus/pci/drivers/vfio-pci/bind", "").File("sys/bus/pci/drivers/igb/unbind", "").File("sys/bus/pci/drivers/igb/bind", "");

        BindOutcome outcome = binding.Bind(function.Address);
        outcome.Status.ShouldBe(BindingStatus.Failed);
        outcome.Message.ShouldContain("/sys/bus/pci/drivers/vfio-pci/bind took it and yet it is bound to igb");
        File.ReadAllText(folder["sys/bus/pci/drivers/igb/unbind"]).ShouldBe($"{function.Address}\n");
        File.Exists(folder[BindingRecord.PathOf(function.Address)]).ShouldBeFalse();
    }

    private LinuxBindingHost Host() => new(LinuxHost.OpenTree(folder.Path), folder.Path);
}
