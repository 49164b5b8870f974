namespace VfioSharp.Cli.Tests.Output;

/// <summary>The reports in a pipe: text that says the same everywhere.</summary>
public sealed class TextReportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Hosts => CapturedHost.All;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("x86-intel-ir")]
    [InlineData("x86-intel-noir")]
    [InlineData("s390x-zpci")]
    public void An_audits_text_is_the_golden_one(string host) => Golden.ShouldMatch(Audit(CapturedHost.Archive(host)), $"audit-{host}");

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_pipe_gets_no_escape_codes_boxes_padding_or_wrapped_lines(string host)
    {
        string output = Audit(CapturedHost.Archive(host));
        output.ShouldNotContain('\e');
        output.ShouldNotContain('│');
        output.Where(c => char.IsControl(c) && c != '\n').ShouldBeEmpty();
        output.Split('\n').ShouldAllBe(line => line == line.TrimEnd());
        output.ShouldNotContain("\n\n\n");
        output.ShouldEndWith("\n");

        // Every sentence stands on its line as in the JSON.
        foreach (string explain in CliRun.Of("audit", "--json", "--root", CapturedHost.Archive(host)).Json().GetProperty("functions").EnumerateArray()
            .Select(function => function.GetProperty("table")).Where(table => table.ValueKind == System.Text.Json.JsonValueKind.Object)
            .Select(table => table.GetProperty("explain").GetString()!))
        {
            output.ShouldContain($"{explain}\n");
        }
    }

    [Fact]
    public void Names_come_from_the_hosts_own_list()
    {
        const string PciIds = "1b36  Red Hat, Inc.\n\t0010  QEMU NVM Express Controller\n8086  Intel Corporation\n\t10c9  82576 Gigabit Network Connection\n";
        string host = new AlteredHost("x86-intel-ir").With("usr/share/misc/pci.ids", PciIds).WriteTo(folder);
        string output = Audit(host);
        output.ShouldContain("0000:00:03.0 Non-volatile memory controller: Red Hat, Inc. QEMU NVM Express Controller [1b36:0010]\n");
        output.ShouldContain("0000:00:1f.2 SATA controller: Intel Corporation device [8086:2922]\n");
        output.ShouldContain("0000:00:05.0 Ethernet controller: [1af4:1000]\n");
        CliRun.Of("audit", "0:3.0", "--json", "--root", host).Json().GetProperty("functions")[0].GetProperty("name").GetString()
            .ShouldBe("Red Hat, Inc. QEMU NVM Express Controller");
    }

    [Fact]
    public void No_text_of_a_host_steers_the_readers_terminal()
    {
        string host = new AlteredHost("x86-intel-ir")
            .With("usr/share/misc/pci.ids", "1b36  Red \e]0;title\a Hat\n\t0010  QEMU \e[2J\u009b31m Controller\r\n")
            .With("proc/sys/kernel/osrelease", "7.3.4\e[31m\n")
            .Without("0000:00:03[.]0/driver$").WithLink("sys/devices/pci0000:00/0000:00:03.0/driver", "../../../bus/pci/drivers/nv\e[31mme")
            .Edit("^proc/interrupts$", text => text.Replace("IR-PCI-MSIX", "IR-\e[31mPCI", StringComparison.Ordinal))
            .WriteTo(folder);
        CliRun show = CliRun.Of("show", "0:3.0", "--root", host);
        foreach (string output in (string[])[Audit(host), show.Output])
        {
            output.ShouldContain("nv\ufffd[31mme");
            output.Where(c => char.IsControl(c) && c != '\n').ShouldBeEmpty();
        }
    }

    private static string Audit(string root)
    {
        CliRun run = CliRun.Of("audit", "--root", root);
        run.Error.ShouldBeEmpty();
        return run.Output;
    }
}
