using VfioSharp.Pci.Configuration;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.Devices.Tests.Loopback;

/// <summary>That the contract finds what a backend does wrong.</summary>
public class ContractFaultTests
{
    [Theory]
    [InlineData(BackendFault.WrongVendor, "Configuration space tells which function it is")]
    [InlineData(BackendFault.StaleRegion, "A register reads the same through the mapping and through the region")]
    [InlineData(BackendFault.WrongMapping, "A register reads the same through the mapping and through the region")]
    [InlineData(BackendFault.DroppedWrites, "What is written to a register is read back, both ways")]
    [InlineData(BackendFault.TableShown, "The MSI-X table is where it is said to be, and nobody writes it")]
    [InlineData(BackendFault.SwappedVectors, "Each MSI-X vector signals whoever waits for it and nobody else")]
    [InlineData(BackendFault.SignalsTwice, "A cancelled wait consumes no signal")]
    [InlineData(BackendFault.NeverSignals, "No signal of thousands is lost")]
    [InlineData(BackendFault.IgnoredMask, "A masked vector's signal stays pending until it is unmasked")]
    [InlineData(BackendFault.ForgottenLine, "The legacy line is masked when it fires and fires again if it is still asserted")]
    [InlineData(BackendFault.WrongAddress, "The function copies from one buffer to another and back")]
    [InlineData(BackendFault.ForgottenUnmap, "Memory that was taken away is reached no more")]
    [InlineData(BackendFault.NoReset, "A reset brings registers to their defaults and leaves the function usable")]
    [InlineData(BackendFault.ResetForgetsVectors, "Vectors that were enabled before a reset still work")]
    [InlineData(BackendFault.ResetForgetsMemory, "Buffers that were shown before a reset still are")]
    [InlineData(BackendFault.DecodingLeftOff, "Configuration space tells which function it is")]
    public async Task A_fault_breaks_the_contract(BackendFault fault, string check)
    {
        ContractCheck asked = PciFunctionContract.Checks.Single(candidate => candidate.Name == check);
        await Should.ThrowAsync<ContractException>(() => asked.Run(new FaultySubject(fault), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task No_fault_breaks_nothing()
    {
        var broken = new List<string>();
        int count = await PciFunctionContract.RunAsync(
            new FaultySubject(BackendFault.None), (check, outcome) => broken.AddRange(outcome is null ? [] : [$"{check.Name}: {outcome.Message}"]), TestContext.Current.CancellationToken);
        broken.ShouldBeEmpty();
        count.ShouldBe(0);
    }

    [Fact]
    public void No_two_checks_have_one_name() =>
        PciFunctionContract.Checks.Select(check => check.Name).ShouldBeUnique();

    private sealed class FaultySubject(BackendFault fault) : ContractModelSubject(Layout(fault))
    {
        public override TimeSpan Patience => TimeSpan.FromSeconds(fault == BackendFault.None ? 60 : 1);

        // A fault must have shown by then, on a busy machine too.
        public override TimeSpan Settle => TimeSpan.FromMilliseconds(250);

        public override ValueTask<PciFunction> OpenAsync(CancellationToken stop)
        {
            PciFunction inner = Devices.Loopback.Attach(Model, new LoopbackOptions
            {
                TableRule = fault == BackendFault.TableShown ? Pci.Mapping.MsixTableRule.NeverMap : Pci.Mapping.MsixTableRule.RequireIsolation,
            });
            var function = new FaultyFunction(inner, fault);
            if (fault == BackendFault.DecodingLeftOff)
            {
                function.Configuration.SetCommand(PciCommand.MemorySpace, false);
            }

            return ValueTask.FromResult<PciFunction>(function);
        }

        // Where a fault lies in the mapping or the region, the registers in question are reached both ways; else they are trapped.
        private static ContractLayout Layout(BackendFault fault) => fault switch
        {
            BackendFault.StaleRegion or BackendFault.WrongMapping or BackendFault.TableShown => ContractLayout.TableBesideMemory,
            _ => ContractLayout.TableAlone,
        };
    }
}
