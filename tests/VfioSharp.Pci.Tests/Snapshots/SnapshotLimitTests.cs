using System.IO.Compression;
using System.Text;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Snapshots;

public sealed class SnapshotLimitTests
{
    [Fact]
    public void What_is_no_archive_is_refused_in_a_sentence()
    {
        foreach (byte[] input in (byte[][])
            [[], [0x1f], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0, 0, 0], "text"u8.ToArray(),
                Encoding.ASCII.GetBytes(new string('x', 5000)), new byte[100], new byte[512], new byte[10240]])
        {
            Refuse(input);
        }

        Refuse(new TarBuilder().ToArray()).ShouldContain("empty");
        Refuse([]).ShouldContain("empty");
        Refuse([.. "PK"u8, .. new byte[2000]]).ShouldContain("no tar archive");
    }

    [Fact]
    public void An_archive_that_is_cut_short_anywhere_is_refused()
    {
        byte[] archive = SnapshotArchiveTests.Write(SnapshotArchiveTests.Sample());
        const int tail = 8 + 8; // the compressor's checksum and length, and its last code: all bytes of the archive are out before them
        for (int length = 0; length < archive.Length - tail; length++)
        {
            Refuse(archive[..length], $"{length} of {archive.Length} bytes");
        }

        byte[] tar = Tar();
        int end = tar.Length - 1024; // two empty blocks
        for (int length = 0; length <= end; length++)
        {
            Refuse(tar[..length], $"{length} of {tar.Length} bytes");
        }

        SnapshotArchive.Read(new MemoryStream(tar[..(end + 512)])).Read("sys/a/vendor").IsRead.ShouldBeTrue();
    }

    [Fact]
    public void Damage_is_refused_or_read_but_never_anything_else()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[] tar = Tar();
        byte[] gzip = SnapshotArchiveTests.Write(SnapshotArchiveTests.Sample());
        int count = Fuzz.Iterations(2000, longFactor: 100);
        for (int i = 0; i < count; i++)
        {
            byte[] damaged = [.. i % 4 == 0 ? gzip : tar];
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                // Mostly in headers, whose blocks begin at multiples of 512.
                int block = random.Next(damaged.Length) / 512 * 512;
                int at = random.Next(3) == 0 ? random.Next(damaged.Length) : block + random.Next(512);
                damaged[Math.Min(at, damaged.Length - 1)] = (byte)random.Next(256);
            }

            FixChecksums(damaged, random);
            try
            {
                SnapshotArchive.Read(new MemoryStream(damaged)).Entries().Count().ShouldBeGreaterThan(0);
            }
            catch (InvalidDataException e)
            {
                e.Message.ShouldStartWith("The snapshot");
            }
            catch (Exception e) when (e is not ShouldAssertException)
            {
                Assert.Fail($"seed {seed}, iteration {i}: {e}");
            }
        }
    }

    [Fact]
    public void Too_many_bytes_are_refused_by_the_limits_name()
    {
        byte[] bomb = Gzip(new TarBuilder().File("sys/a", new byte[3 << 20]).ToArray());
        bomb.Length.ShouldBeLessThan(100_000);

        Should.Throw<InvalidDataException>(() => new SnapshotReader(2 << 20, 10, int.MaxValue).Read(new MemoryStream(bomb))).Message
            .ShouldBe("The snapshot is more than 2 MiB (2097152 bytes) unpacked, which is the limit.");
        new SnapshotReader(4 << 20, 10, int.MaxValue).Read(new MemoryStream(bomb)).Read("sys/a").Content.Length.ShouldBe(3 << 20);
    }

    [Fact]
    public void Padding_without_end_is_refused()
    {
        byte[] bomb = Gzip([.. new TarBuilder().File("sys/a", "").ToArray(), .. new byte[3 << 20]]);

        Should.Throw<InvalidDataException>(() => new SnapshotReader(2 << 20, 10, 100).Read(new MemoryStream(bomb))).Message.ShouldContain("2 MiB");
    }

    [Fact]
    public void Too_many_entries_are_refused_by_the_limits_name()
    {
        byte[] tar = new TarBuilder().File("sys/a", "").File("sys/b", "").File("sys/c", "").ToArray();

        Should.Throw<InvalidDataException>(() => new SnapshotReader(1 << 20, 2, 100).Read(new MemoryStream(tar))).Message
            .ShouldBe("The snapshot has more than 2 entries, which is the limit.");
        new SnapshotReader(1 << 20, 3, 100).Read(new MemoryStream(tar)).List("sys").Count.ShouldBe(3);
    }

    [Fact]
    public void A_file_beyond_the_limit_is_failed_and_the_rest_is_read()
    {
        byte[] tar = new TarBuilder().File("sys/a", new byte[100]).File("sys/b", new byte[101]).File("sys/c", "c").ToArray();

        MemoryTree tree = new SnapshotReader(1 << 20, 10, 100).Read(new MemoryStream(tar));

        tree.Read("sys/a").Content.Length.ShouldBe(100);
        tree.Read("sys/b").State.ShouldBe(HostFileState.Failed);
        tree.Read("sys/c").Text.ShouldBe("c");
    }

    [Fact]
    public void Names_and_links_that_would_exhaust_the_stack_are_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("x/", 1500));
        Refuse(new TarBuilder().File(new string('n', 5000), "").ToArray()).ShouldContain("4096");
        Refuse(new TarBuilder().File($"sys/{deep}file", "").ToArray()).ShouldContain("512");

        var chain = new TarBuilder();
        for (int i = 0; i < 2000; i++)
        {
            chain.Link($"sys/{i:D4}", $"{i + 1:D4}");
        }

        Refuse(chain.File("sys/0000/file", "").ToArray()).ShouldContain("512");
    }

    [Fact]
    public void Links_that_loop_end()
    {
        MemoryTree tree = new TarBuilder().Link("sys/a", "b").Link("sys/b", "a").Link("sys/self", "self/self")
            .File("sys/a/file", "x").File("sys/self/file", "x").Read();

        tree.List("sys").ShouldNotBeEmpty();
        tree.Read("sys/none").State.ShouldBe(HostFileState.Absent);
    }

    [Fact]
    public void A_hard_link_to_nothing_is_refused() =>
        Refuse(new TarBuilder().HardLink("sys/a", "sys/none").ToArray()).ShouldContain("sys/none");

    private static string Refuse(byte[] input, string what = "")
    {
        string message = Should.Throw<InvalidDataException>(() => SnapshotArchive.Read(new MemoryStream(input)), what).Message;
        message.ShouldStartWith("The snapshot");
        return message;
    }

    private static byte[] Tar()
    {
        using var stream = new MemoryStream();
        SnapshotArchive.WriteTar(SnapshotArchiveTests.Sample(), stream);
        return stream.ToArray();
    }

    private static byte[] Gzip(byte[] input)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(input);
        }

        return stream.ToArray();
    }

    // A damaged header is found by its checksum alone unless that is made right again.
    private static void FixChecksums(byte[] tar, Random random)
    {
        for (int block = 0; block + 512 <= tar.Length; block += 512)
        {
            if (tar.AsSpan(block + 257, 5).SequenceEqual("ustar"u8) && random.Next(8) > 0)
            {
                tar.AsSpan(block + 148, 8).Fill((byte)' ');
                int sum = 0;
                foreach (byte value in tar.AsSpan(block, 512))
                {
                    sum += value;
                }

                Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, block + 148);
            }
        }
    }
}
