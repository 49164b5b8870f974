using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Tests.Hosts;

namespace VfioSharp.Pci.Tests.Configuration;

/// <summary>Every function of every captured host: what is read from its files against what its kernel's VFIO said.</summary>
public class CapturedFunctionTests
{
    private static readonly CapturedHost[] Hosts = [.. CapturedHost.Names.Select(CapturedHost.Open)];

    [Fact]
    public void Msix_lies_where_vfio_found_it()
    {
        int compared = 0;
        foreach (CapturedHost host in Hosts)
        {
            foreach (KernelAnswer answer in host.Truth.Where(answer => answer.Vectors is not null))
            {
                (ConfigurationSpace space, BarSet bars) = Read(host, answer.Address.ToString());
                MsixGeometry geometry = MsixGeometry.Create(space.Capabilities.Msix.ShouldNotBeNull(), bars);
                string what = $"{host} {answer.Address}";
                geometry.Capability.Vectors.ShouldBe(answer.Vectors!.Value, what);
                geometry.TableBar.ShouldBe(answer.TableBar!.Value, what);
                geometry.Table.ShouldBe(new ByteRange(answer.TableOffset!.Value, (ulong)answer.Vectors.Value * 16), what);
                geometry.PbaBar.ShouldBe(answer.PbaBar!.Value, what);
                geometry.Pba.ShouldNotBeNull(what).Offset.ShouldBe(answer.PbaOffset!.Value, what);
                geometry.Findings.ShouldBeEmpty(what);
                compared++;
            }
        }

        compared.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Functions_are_what_sysfs_says_and_all_but_one_kind_are_without_oddity()
    {
        int functions = 0;
        var odd = new HashSet<string>();
        foreach (CapturedHost host in Hosts)
        {
            foreach (string name in host.Tree.List("sys/bus/pci/devices"))
            {
                (ConfigurationSpace space, BarSet bars) = Read(host, name);
                string what = $"{host} {name}";
                odd.UnionWith(space.Findings.Select(finding => $"{space.VendorId:x4}:{space.DeviceId:x4} {finding.Text}"));
                bars.Findings.ShouldBeEmpty(what);
                space.IsAbsent.ShouldBeFalse(what);
                $"0x{space.ClassCode}".ShouldBe(Text(host, name, "class"), what);
                functions++;
            }
        }

        functions.ShouldBeGreaterThan(100);
        // QEMU's AMD IOMMU lists a stub beside its real capability; Linux too takes the first.
        odd.ShouldBe(["1022:1419 MSI: stands in the list again; the one at 0x60 counts"]);
    }

    private static (ConfigurationSpace Space, BarSet Bars) Read(CapturedHost host, string name)
    {
        var space = new ConfigurationSpace(host.Tree.Read($"sys/bus/pci/devices/{name}/config").Content);
        return (space, BarSet.Read(Text(host, name, "resource"), space));
    }

    private static string? Text(CapturedHost host, string name, string file) => host.Tree.Read($"sys/bus/pci/devices/{name}/{file}").Text;
}
