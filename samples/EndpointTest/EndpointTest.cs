using System.Text;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Samples;

/// <summary>
/// The function with which Linux tests PCI endpoints. Its driver is the kernel's own (drivers/misc/pci_endpoint_test.c); what it does follows the
/// kernel's function for endpoints (drivers/pci/endpoint/functions/pci-epf-test.c), both as of Linux 6.12 and 7.3.
/// </summary>
/// <remarks>
/// It shows how a function works while its driver goes on: a handler takes a command and returns, and a task moves the memory, piece by piece. The
/// task ends between two pieces when the function is to be quiet, as before memory is taken away, and another goes on from there.
/// </remarks>
/// <param name="msixVectors">How many MSI-X vectors it has, 32 to 2048. The kernel's driver takes all or fails.</param>
internal sealed class EndpointTest(int msixVectors = EndpointLayout.MsiVectors) : EmulatedFunction(EndpointLayout.Of(msixVectors))
{
    private const uint StateVersion = 1;

    private readonly Lock gate = new();

    // All this is shared by handlers and the task, under the lock.
    private readonly EndpointRegisters registers = new();
    private EndpointTransfer? transfer;
    private Task work = Task.CompletedTask;
    private bool isQuiet;

    /// <inheritdoc/>
    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        if (offset >= EndpointRegisters.Length)
        {
            return 0;
        }

        lock (gate)
        {
            var register = (EndpointRegister)(offset / sizeof(uint));
            ulong value = Read(register) >> (8 * (int)(offset % sizeof(uint)));
            return width <= sizeof(uint) ? value : value | ((ulong)Read(register + 1) << 32);
        }
    }

    /// <inheritdoc/>
    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        if (offset >= EndpointRegisters.Length)
        {
            return;
        }

        lock (gate)
        {
            var register = (EndpointRegister)(offset / sizeof(uint));
            int shift = 8 * (int)(offset % sizeof(uint));
            uint written = (uint)(ulong.MaxValue >> (64 - (8 * width))) << shift;
            Write(register, (registers[register] & ~written) | (((uint)value << shift) & written));
            if (width > sizeof(uint))
            {
                Write(register + 1, (uint)(value >> 32));
            }
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask QuiesceAsync(CancellationToken cancellationToken)
    {
        Task current;
        lock (gate)
        {
            isQuiet = true;
            current = work;
        }

        await current.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void OnResume()
    {
        lock (gate)
        {
            isQuiet = false;
            work = WorkAsync(work);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            // No task works at it, for the function is quiet; and so none will.
            transfer = null;
            registers.Reset();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken)
    {
        using var state = new BinaryWriter(destination, Encoding.UTF8, leaveOpen: true);
        state.Write(StateVersion);
        lock (gate)
        {
            registers.Save(state);
            state.Write(transfer is not null);
            transfer?.Save(state);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken)
    {
        // It comes from whoever drives the function: read to its end, which may come too early, before anything is changed.
        using var state = new BinaryReader(source, Encoding.UTF8, leaveOpen: true);
        uint version = state.ReadUInt32();
        uint[] held = new uint[EndpointRegisters.Length / sizeof(uint)];
        for (int i = 0; i < held.Length; i++)
        {
            held[i] = state.ReadUInt32();
        }

        EndpointTransfer? moving = state.ReadBoolean() ? EndpointTransfer.Restore(state) : null;
        if (version != StateVersion || source.ReadByte() >= 0)
        {
            throw new InvalidDataException("the state is none of this function's");
        }

        lock (gate)
        {
            registers.Restore(held);
            transfer = moving;
        }

        return ValueTask.CompletedTask;
    }

    private uint Read(EndpointRegister register)
    {
        if (register == EndpointRegister.Status)
        {
            LowerLine();
        }

        return registers[register];
    }

    private void Write(EndpointRegister register, uint value)
    {
        if (register == EndpointRegister.Capabilities)
        {
            return;
        }

        registers[register] = value;
        switch (register)
        {
            case EndpointRegister.Status:
                LowerLine();
                break;
            case EndpointRegister.Command:
                TakeCommand();
                break;
            default:
                break;
        }
    }

    // A level stays until it was heard of. The driver acknowledges nothing, but it reads STATUS at each interrupt.
    private void LowerLine() => SetIntx(false);

    /// <summary>Takes the command that waits in its register, unless a transfer is under way.</summary>
    private void TakeCommand()
    {
        var command = (EndpointCommand)registers[EndpointRegister.Command];
        if (command == EndpointCommand.None || transfer is not null)
        {
            return;
        }

        registers[EndpointRegister.Command] = 0;
        Write(EndpointRegister.Status, 0);
        if (registers[EndpointRegister.InterruptType] > (uint)EndpointInterrupt.Msix)
        {
            return;
        }

        switch (command)
        {
            case EndpointCommand.RaiseIntx or EndpointCommand.RaiseMsi or EndpointCommand.RaiseMsix:
                Complete(EndpointStatus.None);
                break;
            case EndpointCommand.Read or EndpointCommand.Write or EndpointCommand.Copy:
                ulong source = registers.Address(EndpointRegister.SourceLow);
                ulong destination = registers.Address(EndpointRegister.DestinationLow);
                transfer = new EndpointTransfer(command, source, destination, registers[EndpointRegister.Size], registers[EndpointRegister.Checksum]);
                work = WorkAsync(work);
                break;
            case EndpointCommand.EnableDoorbell:
                Complete(EndpointStatus.EnableDoorbellFail);
                break;
            case EndpointCommand.DisableDoorbell:
                Complete(EndpointStatus.DisableDoorbellFail);
                break;
            case EndpointCommand.SetUpSubranges:
                Complete(EndpointStatus.SetUpSubrangesFail);
                break;
            case EndpointCommand.ClearSubranges:
                Complete(EndpointStatus.ClearSubrangesFail);
                break;
            default:
                break; // several at once, or none that there is: dropped without a word
        }
    }

    /// <summary>Tells that a command is done, in the way and by the vector that the registers ask for.</summary>
    private void Complete(EndpointStatus outcome)
    {
        // First the status, for whoever is interrupted reads it.
        registers[EndpointRegister.Status] = (uint)(outcome | EndpointStatus.InterruptRaised);

        // Vectors are numbered from 1. Where there is none of that number, the status alone tells.
        long vector = registers[EndpointRegister.InterruptNumber] - 1L;
        switch ((EndpointInterrupt)registers[EndpointRegister.InterruptType])
        {
            case EndpointInterrupt.Intx:
                SetIntx(true);
                break;
            case EndpointInterrupt.Msi when vector >= 0 && vector < Layout.MsiVectors:
            case EndpointInterrupt.Msix when vector >= 0 && vector < Layout.Msix!.Vectors:
                Raise((int)vector);
                break;
            default:
                break;
        }
    }

    private async Task WorkAsync(Task earlier)
    {
        // Never on a handler's thread, and never two at a time.
        await earlier.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (Next() is { } current)
        {
            if (!current.Advance(Memory))
            {
                End(current);
            }
        }
    }

    private EndpointTransfer? Next()
    {
        lock (gate)
        {
            return isQuiet ? null : transfer;
        }
    }

    private void End(EndpointTransfer ended)
    {
        lock (gate)
        {
            if (ended.Outcome == EndpointStatus.WriteSuccess)
            {
                registers[EndpointRegister.Checksum] = ended.Checksum;
            }

            transfer = null;
            Complete(ended.Outcome);
            TakeCommand();
        }
    }
}
