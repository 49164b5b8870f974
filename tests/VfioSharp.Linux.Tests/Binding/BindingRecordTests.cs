using VfioSharp.Linux.Binding;

namespace VfioSharp.Linux.Tests.Binding;

public sealed class BindingRecordTests
{
    [Theory]
    [InlineData("igb", null)]
    [InlineData(null, "vfio-pci")]
    [InlineData(null, null)]
    public void A_record_reads_as_it_was_written(string? driver, string? driverOverride)
    {
        var record = new BindingRecord(0x1af4, 0x0001, driver, driverOverride);
        BindingRecord.Parse(record.Format().Trim()).ShouldBe(record);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("device 8086:10c\ndriver igb\noverride -")]
    [InlineData("device 8086-10c9\ndriver igb\noverride -")]
    [InlineData("device 8086:10cg\ndriver igb\noverride -")]
    [InlineData("device 8086:10c9\ndriver \noverride -")]
    [InlineData("device 8086:10c9\ndriver a/b\noverride -")]
    [InlineData("driver igb\ndevice 8086:10c9\noverride -")]
    [InlineData("device 8086:10c9\ndriver igb\noverride -\nmore")]
    public void What_is_no_record_is_none(string? text) => BindingRecord.Parse(text).ShouldBeNull();
}
