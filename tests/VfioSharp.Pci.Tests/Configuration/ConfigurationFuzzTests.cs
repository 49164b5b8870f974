using System.Buffers.Binary;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Configuration;

/// <summary>Whatever configuration space holds, everything that reads it returns, throws nothing, and keeps its results in bounds.</summary>
public class ConfigurationFuzzTests
{
    private const int MostStandard = (256 - 64) / 4;
    private const int MostExtended = (4096 - 256) / 4;

    private static readonly uint[] PageSizes = [0x1000, 0x4000, 0x10000];

    [Fact]
    public void Random_spaces_are_survived() => Fuzz.Run(150_000, random =>
    {
        var image = new byte[Length(random)];
        random.Fill(image);
        if (image.Length >= 64 && !random.OneIn(4))
        {
            image[0x06] |= 0x10; // a list
            image[0x0E] &= 0x83; // a header type that has one
        }

        Survive(image, random);
    });

    [Fact]
    public void Real_spaces_with_bytes_changed_and_cut_short_are_survived() => Fuzz.Run(200_000, random =>
    {
        byte[] image = FunctionDump.All[random.Below(FunctionDump.All.Count)].Image.AsSpan().ToArray();
        for (int changes = 1 + random.Below(16); changes > 0; changes--)
        {
            // Where it hurts most: the header, the standard list, the first extended capabilities.
            int offset = random.Below(random.Pick(64, 256, image.Length, Math.Min(image.Length, 0x180)));
            image[offset] = random.Pick((byte)random.Next(), (byte)0, byte.MaxValue, (byte)(image[offset] ^ (1 << random.Below(8))));
        }

        Survive(random.OneIn(8) ? image[..random.Below(image.Length + 1)] : image, random);
    });

    [Fact]
    public void Chains_of_capabilities_at_random_places_are_survived() => Fuzz.Run(100_000, random =>
    {
        var image = new byte[random.Pick(256, 4096)];
        image[0x06] = 0x10;
        image[0x0E] = random.Pick<byte>(0, 1, 2, 0x80);
        int from = image[0x0E] == 2 ? 0x14 : 0x34;
        for (int links = random.Below(60); links > 0; links--)
        {
            var at = (byte)((0x40 + random.Below(0xC0)) & (random.OneIn(10) ? 0xFF : 0xFC));
            image[from] = at;
            image[at & 0xFC] = (byte)random.Below(0x18);
            image[(at & 0xFC) + 2] = (byte)random.Next();
            image[(at & 0xFC) + 3] = (byte)random.Next();
            from = (at & 0xFC) + 1;
        }

        for (int at = 0x100, links = random.Below(60); links > 0 && image.Length > 0x100; links--)
        {
            int next = random.OneIn(20) ? random.Below(0x1000) : 0x100 + (random.Below(MostExtended) * 4);
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), ((uint)next << 20) | 0x1_0000 | (uint)random.Below(0x3A));
            at = Math.Max(next & 0xFFC, 0x100);
        }

        Survive(image, random);
    });

    [Fact]
    public void Random_resource_text_is_survived() => Fuzz.Run(50_000, random =>
    {
        string[] lines = FunctionDump.All[random.Below(FunctionDump.All.Count)].Resource.Split('\n');
        char[] text = string.Join('\n', lines.Take(random.Below(lines.Length + 1))).ToCharArray();
        for (int changes = random.Below(6); changes > 0 && text.Length > 0; changes--)
        {
            text[random.Below(text.Length)] = random.Pick('0', '1', 'f', 'x', ' ', '\n', '\r', '-', 'g', 'é');
        }

        BarSet bars = BarSet.FromResource(new string(text));
        CheckBars(bars);
        var capability = new MsixCapability(0, 1 + random.Below(2048), random.Below(8), (uint)random.Next() & ~7u, random.Below(8), (uint)random.Next() & ~7u);
        CheckGeometry(capability, bars);
    });

    private static int Length(FuzzRandom random) =>
        random.OneIn(3) ? random.Below(4097) : random.Pick(0, 64, 256, 256, 256, 4096);

    private static void Survive(byte[] image, FuzzRandom random)
    {
        var space = new ConfigurationSpace(image);
        PciCapabilities capabilities = space.Capabilities;
        Require(capabilities.All.Count(entry => !entry.IsExtended) <= MostStandard, "standard capabilities are bounded");
        Require(capabilities.All.Count(entry => entry.IsExtended) <= MostExtended, "extended capabilities are bounded");
        // An entry can be odd by its pointer, its ID, its length and by standing there twice; a walk can end oddly.
        Require(capabilities.Findings.Length <= (4 * capabilities.All.Length) + 4, "findings are bounded");
        var seen = new HashSet<int>();
        foreach (PciCapability entry in capabilities.All)
        {
            Require(seen.Add(entry.Offset), "no capability stands twice");
            Require(entry.Offset % 4 == 0 && entry.Offset + 4 <= image.Length, "a capability lies in the image");
            Require(entry.IsExtended ? entry.Offset >= 0x100 : entry.Offset is >= 0x40 and < 0x100, "a capability lies where its list may");
        }

        CheckHeader(space);
        CheckDecoded(capabilities);
        BarSet bars = BarSet.FromHeader(space);
        CheckBars(bars);
        if (capabilities.Msix is { } msix)
        {
            CheckGeometry(msix, bars);
            CheckGeometry(msix, BarSet.Of([.. bars.Take(6).Select(bar => bar with { Length = random.OneIn(8) ? random.Next() : 1UL << random.Below(40) })]));
        }
    }

    private static void CheckHeader(ConfigurationSpace space)
    {
        Require(Enum.IsDefined(space.HeaderType), "a header type is one of four");
        Require(space.ClassCode.ToString().Length == 6, "a class code has six digits");
        Require(space.HeaderType is HeaderType.Bridge or HeaderType.CardBus || (space.PrimaryBus | space.SecondaryBus | space.SubordinateBus) == 0,
            "only a bridge has buses");
        _ = (space.VendorId, space.DeviceId, space.Command, space.Revision, space.SubsystemVendorId, space.SubsystemId, space.InterruptPin, space.IsMultiFunction);
    }

    private static void CheckDecoded(PciCapabilities capabilities)
    {
        Require(capabilities.Msi is null or { VectorsCapable: <= 32, VectorsEnabled: <= 32 }, "MSI has up to 32 vectors");
        Require(capabilities.Msix is null or { Vectors: >= 1 and <= 2048, TableBar: >= 0 and <= 7, PbaBar: >= 0 and <= 7 }, "MSI-X fields are in range");
        Require(capabilities.Msix is not { } msix || (msix.TableOffset % 8 == 0 && msix.PbaOffset % 8 == 0), "MSI-X offsets are multiples of 8");
        Require(capabilities.PciExpress is null or { PortType: >= 0 and <= (PciExpressPortType)15 }, "a port type has four bits");
        Require(capabilities.Acs is null or { EgressVectorLength: >= 0 and <= 256 }, "an egress vector has up to 256 bits");
        Require(capabilities.PowerManagement is not { } pm || Enum.IsDefined(pm.State), "a power state is one of four");
        Require(capabilities.Ari is null or { FunctionGroup: >= 0 and <= 7 }, "a function group has three bits");
        Require(capabilities.SrIov is null or { TotalVfs: >= 0 and <= 65535 }, "virtual functions are counted in 16 bits");
    }

    private static void CheckBars(BarSet bars)
    {
        Require(bars.Count == 7, "there are seven BARs");
        for (int i = 0; i < 7; i++)
        {
            Require(bars[i].Index == i, "a BAR knows its index");
            Require(!bars[i].IsUpperHalf || (i is > 0 and < 6 && bars[i - 1].Kind == BarKind.Memory64), "an upper half follows a 64-bit BAR");
            Require(bars[i].IsImplemented || (bars[i].Length == 0 && bars[i].Address == 0), "what is not implemented has no addresses");
        }
    }

    private static void CheckGeometry(MsixCapability capability, BarSet bars)
    {
        MsixGeometry geometry = MsixGeometry.Create(capability, bars, 0x1425, 0x5801);
        Require(geometry.IsUsable || geometry.Findings.Length > 0, "an unusable table has a reason");
        Require(geometry.Pba is not null || geometry.Findings.Length > 0, "an unusable PBA has a reason");
        foreach (uint pageSize in PageSizes)
        {
            CheckPages(geometry.Table, geometry.TablePages(pageSize), geometry.TableBar, bars, pageSize);
            CheckPages(geometry.Pba, geometry.PbaPages(pageSize), geometry.PbaBar, bars, pageSize);
            if (geometry.TablePages(pageSize) is not { } pages)
            {
                Require(geometry.TablePageNeighbours(pageSize).IsEmpty, "no table has no neighbours");
                continue;
            }

            ulong at = pages.Offset;
            foreach (BarContent content in geometry.Contents(geometry.TableBar, pages))
            {
                Require(content.Range.Offset == at && !content.Range.IsEmpty, "contents leave no gap");
                at = content.Range.End;
            }

            Require(at == pages.End, "contents cover the window");
        }
    }

    private static void CheckPages(ByteRange? structure, ByteRange? pages, int bar, BarSet bars, uint pageSize)
    {
        Require(structure is null == pages is null, "pages are there when the structure is");
        if (structure is { } bytes && pages is { } window)
        {
            Require(window.Contains(bytes), "pages hold the structure");
            Require(bars[bar].IsMemory && window.End <= bars[bar].Length, "pages lie in a memory BAR");
            Require(window.Offset % pageSize == 0 && (window.End % pageSize == 0 || window.End == bars[bar].Length), "pages are whole but at the BAR's end");
            Require(bytes.Offset - window.Offset < pageSize && window.End - bytes.End < pageSize, "no page too many");
        }
    }

    private static void Require(bool condition, string rule)
    {
        if (!condition)
        {
            throw new InvalidOperationException(rule);
        }
    }
}
