namespace VfioSharp.Cli.Tests.Html;

/// <summary>A host whose names are markup.</summary>
internal static class HostileHost
{
    public const string Driver = "\"><img src=x onerror=alert(1)>";

    public static string WriteTo(TemporaryFolder folder) => new AlteredHost("x86-intel-ir")
        .With("usr/share/misc/pci.ids", "1b36  </style><script>alert(1)</script> & \"Co\" '' &lt;\n")
        .With("proc/sys/kernel/osrelease", "<script>alert(1)</script>\n")
        .Without("0000:00:03[.]0/driver$").WithLink("sys/devices/pci0000:00/0000:00:03.0/driver", $"../../../bus/pci/drivers/{Driver}")
        .WriteTo(folder);
}
