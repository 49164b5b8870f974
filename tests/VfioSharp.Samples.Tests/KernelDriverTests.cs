using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

/// <summary>The function before Linux's driver, as tools/pci/pcitest.sh of 6.12 and the kselftest of 7.3 have it try.</summary>
public sealed class KernelDriverTests
{
    public static TheoryData<bool, bool, int> Transfers
    {
        get
        {
            var data = new TheoryData<bool, bool, int>();
            foreach (int size in (int[])[1, 1024, 1025, 1024000, 1024001])
            {
                data.Add(false, false, size);
                data.Add(true, false, size);
                data.Add(true, true, size);
            }

            return data;
        }
    }

    [Fact]
    public async Task All_BARs_keep_what_is_written_and_all_interrupts_work_afterwards()
    {
        await using var driver = new KernelDriver(new EndpointRig(), asks: true);
        for (int bar = 0; bar < 6; bar++)
        {
            driver.TestBar(bar).ShouldBeTrue($"BAR {bar}");
        }

        driver.TestBars().ShouldBeTrue();
        await AllInterruptsWorkAsync(driver);
    }

    [Fact]
    public async Task BARs_are_tested_while_MSIX_is_enabled()
    {
        await using var driver = new KernelDriver(new EndpointRig(), asks: true);
        await driver.SetIrqTypeAsync(Msix);
        driver.TestBars().ShouldBeTrue();
        (await driver.TestMessageAsync(32, msix: true)).ShouldBeTrue();
    }

    [Fact]
    public async Task One_way_of_interrupting_follows_another()
    {
        await using var driver = new KernelDriver(new EndpointRig(), asks: true);
        for (int round = 0; round < 2; round++)
        {
            await AllInterruptsWorkAsync(driver);
        }
    }

    [Theory, MemberData(nameof(Transfers))]
    public async Task Memory_is_read_written_and_copied(bool asks, bool useDma, int size)
    {
        await using var driver = new KernelDriver(new EndpointRig(), asks);
        await driver.SetIrqTypeAsync(Msi);
        await AllTransfersWorkAsync(driver, size, useDma);
    }

    [Theory]
    [InlineData(Intx)]
    [InlineData(Msi)]
    [InlineData(Msix)]
    public async Task The_end_of_a_transfer_is_told_in_any_way(uint type)
    {
        await using var driver = new KernelDriver(new EndpointRig(), asks: true);
        await driver.SetIrqTypeAsync(type);
        await AllTransfersWorkAsync(driver, 1025, useDma: false);
    }

    private static async Task AllTransfersWorkAsync(KernelDriver driver, int size, bool useDma)
    {
        (await driver.TestReadAsync(size, useDma)).ShouldBeTrue();
        (await driver.TestWriteAsync(size, useDma)).ShouldBeTrue();
        (await driver.TestCopyAsync(size, useDma)).ShouldBeTrue();
    }

    private static async Task AllInterruptsWorkAsync(KernelDriver driver)
    {
        await driver.SetIrqTypeAsync(Intx);
        (await driver.TestIntxAsync()).ShouldBeTrue();
        (await driver.TestIntxAsync()).ShouldBeTrue();
        await driver.SetIrqTypeAsync(Msi);
        for (uint number = 1; number <= 32; number++)
        {
            (await driver.TestMessageAsync(number, msix: false)).ShouldBeTrue($"MSI {number}");
        }

        await driver.SetIrqTypeAsync(Msix);
        for (uint number = 1; number <= 32; number++)
        {
            (await driver.TestMessageAsync(number, msix: true)).ShouldBeTrue($"MSI-X {number}");
        }
    }
}
