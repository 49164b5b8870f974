using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.Evidence;

/// <summary>Lines as kernels print them: every format seen, on every architecture.</summary>
public sealed class InterruptTableTests
{
    [Theory]
    [InlineData("  24:          0          3  IR-PCI-MSI 49152-edge      nvme0q0", 24, "IR-PCI-MSI")]
    [InlineData("  25:         10          0  IR-PCI-MSIX-0000:00:03.0    0-edge      nvme0q0", 25, "IR-PCI-MSIX-0000:00:03.0")]
    [InlineData("   9:          0          0  IR-IO-APIC   9-fasteoi   acpi", 9, "IR-IO-APIC")]
    [InlineData("  19:         12          0  ITS-PCI-MSIX-0000:00:03.0    0 Edge      nvme0q0", 19, "ITS-PCI-MSIX-0000:00:03.0")]
    [InlineData("  11:       2018       2335  GICv3                       27 Level     arch_timer", 11, "GICv3")]
    [InlineData("  10:       6354          1  RISC-V INTC                               5 Edge      riscv-timer", 10, "RISC-V INTC")]
    [InlineData("  16:          9          0  APLIC-MSI-d000000.interrupt-controller   10 Level   -fasteoi   ttyS0", 16, "APLIC-MSI-d000000.interrupt-controller")]
    [InlineData("  43:          0          0  OPAL EVT                    11 Level     opal-msg", 43, "OPAL EVT")]
    [InlineData("  17:          0          0  XIVE-IRQ                  1048560 Level     opal-psi#0:fsp", 17, "XIVE-IRQ")]
    [InlineData("  30:          7          0  Hyper-V PCIe MSI 4294967296-edge      mlx5_async", 30, "Hyper-V PCIe MSI")]
    [InlineData("   3:         10         10  PCI-MSIX-0001:00:00.0  nvme0q0", 3, "PCI-MSIX-0001:00:00.0")]
    [InlineData("   3:         10         10  PCI-MSI  nvme0q0", 3, "PCI-MSI")]
    [InlineData("   2:          0          0    XT-PIC      cascade", 2, "XT-PIC")]
    [InlineData("  24:          0          3  DMAR-MSI                    0-edge      dmar0", 24, "DMAR-MSI")]
    public void A_chip_is_found_between_the_counts_and_the_hardware_number(string line, int number, string chip) =>
        InterruptTable.Parse("            CPU0       CPU1\n" + line + "\n").ShouldBe([new InterruptLine(number, chip)]);

    [Theory]
    [InlineData("NMI:          0          0   Non-maskable interrupts")]
    [InlineData("IPI0:         44         62  Rescheduling interrupts")]
    [InlineData("ERR:          0")]
    [InlineData("  7:")]
    [InlineData("  7:          1          2")]
    [InlineData("99999999999999999999:  1  2  IO-APIC  1-edge  x")]
    [InlineData("")]
    public void Other_lines_are_passed_over(string line) =>
        InterruptTable.Parse("            CPU0       CPU1\n" + line + "\n").ShouldBeEmpty();
}
