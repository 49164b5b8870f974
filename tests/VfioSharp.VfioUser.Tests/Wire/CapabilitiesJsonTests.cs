using System.Text;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Wire;

/// <summary>What follows a version, read from and written to texts that stand here as they are on the wire.</summary>
public class CapabilitiesJsonTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(300, longFactor: 100));

    [Fact]
    public void Who_says_nothing_has_the_specification_s_defaults()
    {
        var expected = new Capabilities
        {
            MaxMessageDescriptors = 1,
            MaxDataTransfer = 1048576,
            MaxDmaMaps = 65535,
            PageSizes = 4096,
            WriteMultiple = false,
            TwinSocket = false,
            TwinSocketIndex = null,
        };
        Capabilities.None.ShouldBe(expected);
        CapabilitiesJson.TryRead([], out Capabilities nothing, out _).ShouldBeTrue();
        nothing.ShouldBe(expected);
        Read("{}").ShouldBe(expected);
        Read("""{"capabilities":{}}""").ShouldBe(expected);
        Read(""" { "capabilities" : { } } """).ShouldBe(expected);
    }

    [Fact]
    public void What_QEMU_proposes_is_understood()
    {
        Encoding.UTF8.GetByteCount(Payloads.QemuJson).ShouldBe(193);
        Payloads.Version(0, 0, Payloads.QemuJson).Length.ShouldBe(198);
        Read(Payloads.QemuJson).ShouldBe(new Capabilities { MaxMessageDescriptors = 16, WriteMultiple = true });
    }

    [Theory]
    [InlineData("max_msg_fds")]
    [InlineData("max_data_xfer_size")]
    [InlineData("max_dma_maps")]
    [InlineData("pgsizes")]
    public void A_number_is_read_whatever_its_size(string name)
    {
        Number(name, Text("0")).ShouldBe(0UL);
        Number(name, Text("77")).ShouldBe(77UL);
        Number(name, Text("2147483647")).ShouldBe(2147483647UL);

        // No side can have more of a thing than fits here: as much as there can be.
        ulong most = name == "pgsizes" ? ulong.MaxValue : int.MaxValue;
        Number(name, Text("18446744073709551615")).ShouldBe(most);

        // The last word counts.
        Number(name, Text($$"""5, "{{name}}": 6""")).ShouldBe(6UL);

        string Text(string value) => Capability($"\"{name}\":{value}");
    }

    [Theory, MemberData(nameof(NoNumbers))]
    public void What_is_no_whole_number_is_refused(string name, string value) =>
        Refuse(Capability($"\"{name}\":{value}")).ShouldContain(value.StartsWith('+') || value.StartsWith("0x", StringComparison.Ordinal) ? "cannot be read" : $"{name} is no whole number");

    public static TheoryData<string, string> NoNumbers
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string name in (string[])["max_msg_fds", "max_data_xfer_size", "max_dma_maps", "pgsizes"])
            {
                foreach (string value in (string[])["-1", "1.5", "1e3", "18446744073709551616", "1e400", "\"16\"", "true", "null", "{}", "[]", "[16]", "+1", "0x10"])
                {
                    cases.Add(name, value);
                }
            }

            return cases;
        }
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void Several_writes_in_one_message_are_a_yes_or_no(string value, bool expected) =>
        Read(Capability($"\"write_multiple\":{value}")).WriteMultiple.ShouldBe(expected);

    [Theory]
    [InlineData("1")]
    [InlineData("\"true\"")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void Anything_else_is_neither(string value)
    {
        Refuse(Capability($"\"write_multiple\":{value}")).ShouldContain("write_multiple is neither true nor false");
        Refuse(Capability($$"""
            "twin_socket":{"supported":{{value}}}
            """)).ShouldContain("supported is neither true nor false");
    }

    [Theory]
    [InlineData("{}", false, null)]
    [InlineData("""{"supported":false}""", false, null)]
    [InlineData("""{"supported":true}""", true, null)]
    [InlineData("""{"supported":true,"fd_index":3}""", true, 3)]
    [InlineData("""{"fd_index":0,"supported":true,"more":{"of":["it"]}}""", true, 0)]
    [InlineData("""{"supported":true,"supported":false}""", false, null)]
    public void A_socket_for_the_server_s_commands_is_an_object(string value, bool isSupported, int? index)
    {
        Capabilities capabilities = Read(Capability($"\"twin_socket\":{value}"));
        (capabilities.TwinSocket, capabilities.TwinSocketIndex).ShouldBe((isSupported, index));
    }

    [Theory]
    [InlineData("true", "twin_socket is no object")]
    [InlineData("null", "twin_socket is no object")]
    [InlineData("[]", "twin_socket is no object")]
    [InlineData("""{"fd_index":-1}""", "fd_index is no whole number")]
    [InlineData("""{"fd_index":"0"}""", "fd_index is no whole number")]
    public void A_socket_that_is_none_is_refused(string value, string complaint) =>
        Refuse(Capability($"\"twin_socket\":{value}")).ShouldContain(complaint);

    [Fact]
    public void What_is_not_known_is_passed_over()
    {
        Capabilities capabilities = Read(
            """{"a":1,"b":[{"capabilities":{"max_msg_fds":9}}],"capabilities":{"migration":{"pgsize":4096},"x":null,"y":[[1],{"max_msg_fds":8}],"":"","max_msg_fds":7},"z":"\u0000\"}"}""");
        capabilities.ShouldBe(new Capabilities { MaxMessageDescriptors = 7 });
    }

    [Theory]
    [InlineData("", "cannot be read")]
    [InlineData(" ", "cannot be read")]
    [InlineData("null", "they are no object")]
    [InlineData("[]", "they are no object")]
    [InlineData("7", "they are no object")]
    [InlineData("{", "cannot be read")]
    [InlineData("{}}", "cannot be read")]
    [InlineData("{}{}", "cannot be read")]
    [InlineData("{} 1", "cannot be read")]
    [InlineData("""{"capabilities":null}""", "capabilities is no object")]
    [InlineData("""{"capabilities":[]}""", "capabilities is no object")]
    [InlineData("""{"capabilities":{}""", "cannot be read")]
    [InlineData("""{"capabilities":{"max_msg_fds":1,}}""", "cannot be read")]
    [InlineData("""{"capabilities":{max_msg_fds:1}}""", "cannot be read")]
    [InlineData("""{'capabilities':{}}""", "cannot be read")]
    [InlineData("""{"capabilities":{}/* */}""", "cannot be read")]
    public void What_is_no_JSON_of_that_form_is_refused(string text, string complaint) => Refuse(text).ShouldContain(complaint);

    [Fact]
    public void What_is_nested_too_deeply_is_refused()
    {
        Read($$"""{"x":{{Nested(7)}}}""").ShouldBe(Capabilities.None);
        Refuse($$"""{"x":{{Nested(8)}}}""").ShouldContain("cannot be read");
        Refuse($$"""{"x":{{Nested(100_000)}}}""").ShouldContain("cannot be read");

        static string Nested(int depth) => new string('[', depth) + new string(']', depth);
    }

    [Theory]
    [InlineData("7b2261223a22ff227d", "no UTF-8")] // {"a":"\xff"}
    [InlineData("7b22ff223a317d", "no UTF-8")] // {"\xff":1}
    [InlineData("7b22c0af223a317d", "no UTF-8")] // an overlong form
    [InlineData("7b22eda080223a317d", "no UTF-8")] // half of a surrogate pair
    [InlineData("7b225c7564383030223a317d", "cannot be read")] // the same, escaped: {"\ud800":1}
    [InlineData("fffe7b7d", "no UTF-8")]
    [InlineData("efbbbf7b7d", "cannot be read")] // a mark of byte order
    public void What_is_no_text_ends_in_words_not_in_an_exception(string hex, string complaint)
    {
        CapabilitiesJson.TryRead([.. Convert.FromHexString(hex), 0], out _, out string fault).ShouldBeFalse();
        fault.ShouldContain(complaint);
    }

    [Fact]
    public void A_NUL_ends_the_text_wherever_it_stands()
    {
        CapabilitiesJson.TryRead("{}"u8, out _, out string fault).ShouldBeFalse();
        fault.ShouldContain("do not end in a NUL");
        CapabilitiesJson.TryRead([0], out _, out _).ShouldBeFalse();
        CapabilitiesJson.TryRead("{\"capabilities\":{\0\"max_msg_fds\":3}}\0"u8, out _, out _).ShouldBeFalse();
        CapabilitiesJson.TryRead("{\"capabilities\":{\"max_msg_fds\":3}}\0not read\0"u8, out Capabilities capabilities, out _).ShouldBeTrue();
        capabilities.MaxMessageDescriptors.ShouldBe(3);
    }

    [Fact]
    public void A_proposal_says_everything()
    {
        byte[] text = CapabilitiesJson.Write(new Capabilities
        {
            MaxMessageDescriptors = 7,
            MaxDataTransfer = 8192,
            MaxDmaMaps = 9,
            PageSizes = 0x201000,
            WriteMultiple = true,
            TwinSocket = true,
        });
        Encoding.UTF8.GetString(text).ShouldBe(
            """{"capabilities":{"max_msg_fds":7,"max_data_xfer_size":8192,"max_dma_maps":9,"pgsizes":2101248,"twin_socket":{"supported":true},"write_multiple":true}}""" + "\0");
    }

    [Theory]
    [InlineData(false, false, "")]
    [InlineData(true, false, ""","twin_socket":{"supported":true,"fd_index":0}""")]
    [InlineData(false, true, ""","write_multiple":true""")]
    [InlineData(true, true, ""","twin_socket":{"supported":true,"fd_index":0},"write_multiple":true""")]
    public void An_answer_names_no_feature_that_was_not_proposed(bool twin, bool multiple, string features)
    {
        var able = new Capabilities { WriteMultiple = true, TwinSocket = true, TwinSocketIndex = 0 };
        byte[] text = CapabilitiesJson.Write(able, new Capabilities { TwinSocket = twin, WriteMultiple = multiple });
        Encoding.UTF8.GetString(text).ShouldBe(Capability($"\"max_msg_fds\":1,\"max_data_xfer_size\":1048576,\"max_dma_maps\":65535,\"pgsizes\":4096{features}") + "\0");
    }

    [Fact]
    public void What_is_written_is_read_back() => Prop.ForAll(
        (from descriptors in Gen.Choose(0, int.MaxValue)
         from transfer in Gen.Choose(0, int.MaxValue)
         from maps in Gen.Choose(0, int.MaxValue)
         from sizes in Gen.Elements<ulong>(0, 4096, 0x40201000, 1UL << 63, ulong.MaxValue)
         from multiple in Gen.Elements(true, false)
         from twin in Gen.Elements<(bool, int?)>((false, null), (true, null), (true, 0), (true, 200))
         select new Capabilities
         {
             MaxMessageDescriptors = descriptors,
             MaxDataTransfer = transfer,
             MaxDmaMaps = maps,
             PageSizes = sizes,
             WriteMultiple = multiple,
             TwinSocket = twin.Item1,
             TwinSocketIndex = twin.Item2,
         }).ToArbitrary(),
        capabilities =>
        {
            CapabilitiesJson.TryRead(CapabilitiesJson.Write(capabilities), out Capabilities read, out _).ShouldBeTrue();
            read.ShouldBe(capabilities);
        }).Check(Config);

    [Fact]
    public void Whatever_comes_is_read_or_refused_and_nothing_else() => Fuzz.Run(2_000, random =>
    {
        byte[] text = [.. Encoding.UTF8.GetBytes(random.Pick(Payloads.QemuJson, """{"capabilities":{"twin_socket":{"supported":true,"fd_index":0},"x":[{"y":"\u00e9"}]}}""")), 0];
        for (int changes = random.Below(6); changes >= 0; changes--)
        {
            text[random.Below(text.Length)] = random.OneIn(3) ? (byte)random.Next() : random.Pick("{}[]\",:\\ud-0"u8.ToArray());
        }

        bool isRead = CapabilitiesJson.TryRead(text.AsSpan(0, random.OneIn(3) ? random.Below(text.Length + 1) : text.Length), out Capabilities capabilities, out string fault);
        (isRead ? fault.Length == 0 : fault.Length > 0).ShouldBeTrue();
        (capabilities.MaxMessageDescriptors >= 0 && capabilities.MaxDataTransfer >= 0 && capabilities.MaxDmaMaps >= 0).ShouldBeTrue();
    });

    private static string Capability(string member) => """{"capabilities":{""" + member + "}}";

    private static ulong Number(string name, string text)
    {
        Capabilities capabilities = Read(text);
        return name switch
        {
            "max_msg_fds" => (ulong)capabilities.MaxMessageDescriptors,
            "max_data_xfer_size" => (ulong)capabilities.MaxDataTransfer,
            "max_dma_maps" => (ulong)capabilities.MaxDmaMaps,
            _ => capabilities.PageSizes,
        };
    }

    private static Capabilities Read(string text)
    {
        bool isRead = CapabilitiesJson.TryRead([.. Encoding.UTF8.GetBytes(text), 0], out Capabilities capabilities, out string fault);
        isRead.ShouldBeTrue(fault);
        fault.ShouldBeEmpty();
        return capabilities;
    }

    private static string Refuse(string text)
    {
        CapabilitiesJson.TryRead([.. Encoding.UTF8.GetBytes(text), 0], out Capabilities _, out string fault).ShouldBeFalse();
        return fault;
    }
}
