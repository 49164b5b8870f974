using System.Text;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Snapshots;

/// <summary>A snapshot is made to be sent to others: it holds what the audit reads, and nothing secret.</summary>
public sealed partial class SnapshotSecrecyTests : IDisposable
{
    private const string Secret = "hunter2";

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Hosts => CapturedHost.All;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Hosts))]
    public void It_holds_no_file_that_the_audit_does_not_read(string host)
    {
        foreach (string path in SnapshotFiles.Read(Snapshot(CapturedHost.Archive(host))).Keys)
        {
            Known().IsMatch(path).ShouldBeTrue(path);
        }
    }

    [Fact]
    public void Boot_parameters_that_do_not_bear_on_isolation_are_left_out()
    {
        string snapshot = Snapshot(new AlteredHost("x86-intel-ir").With("proc/cmdline",
            $"BOOT_IMAGE=/vmlinuz root=UUID=6d2f{Secret} rd.iscsi.password={Secret} \"netroot=iscsi:user:{Secret}@10.0.0.1::3260::disk\" "
            + $"systemd.setenv=TOKEN={Secret} intel_iommu=on,sm_on {Secret} iommu.passthrough=0 vfio_iommu_type1.allow_unsafe_interrupts=1 -- init_{Secret}=1\n").WriteTo(folder));
        string kept = Encoding.UTF8.GetString(SnapshotFiles.Read(snapshot)["proc/cmdline"]).TrimEnd();
        kept.ShouldBe("intel_iommu=on,sm_on iommu.passthrough=0 vfio_iommu_type1.allow_unsafe_interrupts=1");
        ShouldNotHold(snapshot, Secret, "BOOT_IMAGE", "10.0.0.1");
    }

    [Fact]
    public void Log_lines_that_do_not_bear_on_isolation_are_left_out()
    {
        string snapshot = Snapshot(new AlteredHost("x86-intel-ir").With("var/log/dmesg", $"""
            [    0.000000] Command line: rd.iscsi.password={Secret} intel_iommu=on
            [    0.000000] Kernel command line: rd.iscsi.password={Secret} intremap=off
            [    0.000000] DMI: Acme {Secret}, BIOS 1.0
            [    0.100000] DMAR-IR: Enabled IRQ remapping in x2apic mode
            [    1.000000] usb 1-1: SerialNumber: {Secret}
            [    2.000000] audit: user {Secret} logged in
            [    3.000000] e1000e 0000:00:07.0 eth0: 52:54:00:12:34:58
            """).WriteTo(folder));
        Encoding.UTF8.GetString(SnapshotFiles.Read(snapshot)["var/log/dmesg"]).Trim().ShouldBe("DMAR-IR: Enabled IRQ remapping in x2apic mode");
        ShouldNotHold(snapshot, Secret, "52:54:00");
    }

    [Fact]
    public void Files_with_keys_serial_numbers_and_names_are_left_out()
    {
        string snapshot = Snapshot(new AlteredHost("arm64-smmuv3-its")
            .With("etc/shadow", Secret).With("root/.ssh/id_ed25519", Secret).With("proc/sys/kernel/hostname", Secret)
            .With("proc/version", $"Linux version 1 ({Secret}@build)\n")
            .With("proc/sys/kernel/random/boot_id", Secret).With("sys/class/dmi/id/product_serial", Secret)
            .With("sys/firmware/acpi/tables/MSDM", Secret).With("sys/firmware/acpi/tables/SLIC", Secret).With("sys/firmware/efi/efivars/Key", Secret)
            .With("sys/firmware/devicetree/base/serial-number", Secret).With("sys/firmware/devicetree/base/chosen/bootargs", Secret)
            .With("sys/firmware/devicetree/base/chosen/kaslr-seed", Secret).With("sys/firmware/devicetree/base/chosen/rng-seed", Secret)
            .With("sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:07.0/vpd", Secret)
            .With("sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:07.0/net/eth0/address", Secret)
            .With("sys/module/vfio_pci/parameters/ids", Secret)
            .WriteTo(folder));
        ShouldNotHold(snapshot, Secret);
    }

    [Fact]
    public void What_interrupts_are_called_by_their_users_is_left_out()
    {
        string snapshot = Snapshot(new AlteredHost("x86-intel-ir").Edit("^proc/interrupts$", text => text
            .Replace("nvme0q0", Secret, StringComparison.Ordinal)).WriteTo(folder));
        ShouldNotHold(snapshot, Secret);
    }

    [Theory]
    [InlineData("x86-intel-ir")]
    [InlineData("x86-intel-ir-rich")]
    [InlineData("x86-amd-ir")]
    [InlineData("arm64-smmuv3-its")]
    [InlineData("ppc64-powernv9")]
    [InlineData("ppc64-pseries")]
    [InlineData("riscv64-imsic-iommu")]
    public void Device_serial_numbers_are_zeroed_and_no_other_byte_of_configuration_space_is(string host)
    {
        string snapshot = Snapshot(CapturedHost.Archive(host));
        Dictionary<string, byte[]> before = SnapshotFiles.Read(CapturedHost.Archive(host))
            .ToDictionary(file => file.Key.TrimStart('.', '/'), file => file.Value);
        byte[] whole = SnapshotFiles.Unpack(snapshot);
        int serials = 0;
        foreach ((string path, byte[] image) in SnapshotFiles.Read(snapshot).Where(file => file.Key.EndsWith("/config", StringComparison.Ordinal)))
        {
            byte[] expected = (byte[])before[path].Clone();
            if (FindSerialNumber(expected) is { } offset)
            {
                byte[] serial = expected[offset..(offset + 8)];
                serial.ShouldContain(value => value != 0);
                whole.AsSpan().IndexOf(serial).ShouldBe(-1, path);
                expected.AsSpan(offset, 8).Clear();
                serials++;
            }

            image.ShouldBe(expected, path);
        }

        serials.ShouldBeGreaterThan(0);
    }

    // The Device Serial Number capability: extended capability 3 (PCIe 6.0, 7.9.3).
    private static int? FindSerialNumber(byte[] image)
    {
        for (int at = 0x100, steps = 0; at >= 0x100 && at + 12 <= image.Length && steps < 1000; at = BitConverter.ToInt32(image, at) >>> 20, steps++)
        {
            if (BitConverter.ToUInt16(image, at) == 3)
            {
                return at + 4;
            }
        }

        return null;
    }

    private static void ShouldNotHold(string snapshot, params string[] secrets)
    {
        byte[] whole = SnapshotFiles.Unpack(snapshot);
        foreach (string secret in secrets)
        {
            whole.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)).ShouldBe(-1, secret);
        }
    }

    private string Snapshot(string host)
    {
        string path = folder["snapshot.tar.gz"];
        CliRun.Of("snapshot", "-o", path, "--root", host).Status.ShouldBe(0);
        return path;
    }

    [GeneratedRegex("""
        ^(
          snapshot[.]json | proc/(cmdline|interrupts|sys/kernel/osrelease) | var/log/dmesg | usr/share/(misc|hwdata)/pci[.]ids
        | sys/bus/pci/devices/[^/]+
        | sys/devices/.*/(vendor|device|subsystem_vendor|subsystem_device|class|revision|config|resource|driver|iommu|iommu_group|physfn|of_node|mio_enabled|msi_irqs/[0-9]+)
        | sys/kernel/iommu_groups/[0-9]+/(type|name|reserved_regions|devices/[^/]+)
        | sys/kernel/irq/[0-9]+/chip_name
        | sys/class/iommu/[^/]+(/(intel-iommu|amd-iommu)/(ecap|cap|features))?
        | sys/module/(vfio_iommu_type1|iommufd)/parameters/allow_unsafe_interrupts | sys/module/vfio/parameters/enable_unsafe_noiommu_mode
        | sys/firmware/acpi/tables/(APIC|DMAR|IVRS|IORT|FACP)
        | sys/firmware/devicetree/base/(.*/)?(compatible|status|phandle|dma-coherent|linux,pci-domain|msi-map|msi-map-mask|msi-parent|msi-controller
          |iommu-map|iommu-map-mask|interrupt-controller|\#msi-cells|\#iommu-cells|riscv,num-ids|riscv,num-guest-ids|riscv,guest-index-bits)
        )$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Known();
}
