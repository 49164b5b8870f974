using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Tests.Contract;

/// <summary>What interrupts keep to.</summary>
internal static class VectorChecks
{
    private const int MaxVectors = 8;

    public static IEnumerable<ContractCheck> All =>
    [
        new("Each MSI-X vector signals whoever waits for it and nobody else", ContractFeatures.Msix, EachItsOwn),
        new("A vector has one waiter", ContractFeatures.Msix, OneWaiter),
        new("A cancelled wait consumes no signal", ContractFeatures.Msix, CancelledWait),
        new("A signal while nobody waits is kept, and several are one", ContractFeatures.Msix, KeptSignal),
        new("A masked vector's signal stays pending until it is unmasked", ContractFeatures.Msix, MaskedVector),
        new("Vectors can be disabled and enabled again", ContractFeatures.Msix, EnabledAgain),
        new("Vectors are added and removed while others stay", ContractFeatures.Msix, Resized),
        new("A register is read inside an inline continuation", ContractFeatures.Msix, InlineRegister),
        new("No signal of thousands is lost", ContractFeatures.Msix, ManySignals),
        new("A function interrupts in one way at a time, with as many vectors as it has", ContractFeatures.Msix, OneWay),
        new("MSI signals whoever waits for it, and can be disabled and enabled again", ContractFeatures.Msi, Msi),
        new("The legacy line is masked when it fires and fires again if it is still asserted", ContractFeatures.Intx, Intx),
    ];

    private static Task EachItsOwn(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        for (int round = 0; round < 3; round++)
        {
            for (int fired = 0; fired < vectors.Count; fired++)
            {
                ValueTask wait = vectors[fired].WaitAsync(stop);
                rig.Fire(fired);
                await wait;
                for (int vector = 0; vector < vectors.Count; vector++)
                {
                    Contract.Equal(vectors[vector].Index, vector, "the vector's index");
                    Contract.Holds(!vectors[vector].TryTake(), $"vector {vector} has a signal after {fired} was fired and awaited");
                }
            }
        }
    });

    private static Task OneWaiter(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        ValueTask wait = vectors[0].WaitAsync(stop);
        await Contract.ThrowsAsync<InvalidOperationException>(async () => await vectors[0].WaitAsync(stop), "a second wait");
        Contract.Holds(!wait.IsCompleted, "the first wait ended with the second");
        rig.Fire(0);
        await wait;
    });

    private static Task CancelledWait(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        using (var never = new CancellationTokenSource())
        {
            await never.CancelAsync();
            await Contract.ThrowsAsync<OperationCanceledException>(async () => await vectors[0].WaitAsync(never.Token), "a wait that is cancelled before it starts");
        }

        await Task.Delay(subject.Settle, stop);
        Contract.Holds(!vectors[0].TryTake(), "a signal is there that nobody fired");

        for (int round = 0; round < 200; round++)
        {
            using var cancel = new CancellationTokenSource();
            Task wait = vectors[0].WaitAsync(cancel.Token).AsTask();
            Task cancelling = Task.Run(cancel.Cancel, stop);
            rig.Fire(0);
            await cancelling;
            bool signalled = await wait.ContinueWith(task => task.IsCompletedSuccessfully, stop, TaskContinuationOptions.None, TaskScheduler.Default);
            if (!signalled)
            {
                await vectors[0].WaitAsync(stop);
            }

            Contract.Holds(!vectors[0].TryTake(), "a signal is there twice");
        }
    });

    private static Task KeptSignal(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        rig.Fire(1);
        rig.Fire(1);
        rig.Fire(1);
        await Task.Delay(subject.Settle, stop);
        await vectors[1].WaitAsync(stop);
        Contract.Holds(!vectors[1].TryTake(), "three signals gave two");
        rig.Fire(1);
        await Task.Delay(subject.Settle, stop);
        Contract.Holds(vectors[1].TryTake(), "a signal was not kept");
        Contract.Holds(!vectors[1].TryTake(), "a signal was taken twice");
    });

    private static Task MaskedVector(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        Contract.Holds(!vectors[0].IsMasked, "a vector is masked from the start");
        vectors[0].Mask();
        Contract.Holds(vectors[0].IsMasked, "a masked vector does not say so");
        rig.Fire(0);
        rig.Fire(1);
        await vectors[1].WaitAsync(stop);
        await Task.Delay(subject.Settle, stop);
        Contract.Holds(!vectors[0].TryTake(), "a masked vector signals");
        vectors[0].Unmask();
        await vectors[0].WaitAsync(stop);
        Contract.Holds(!vectors[0].IsMasked, "an unmasked vector says it is masked");
        rig.Fire(0);
        await vectors[0].WaitAsync(stop);
    });

    private static Task EnabledAgain(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        for (int round = 0; round < 3; round++)
        {
            MsixVectors vectors = await rig.Function.EnableMsixAsync(2, stop);
            rig.PrepareToFire();
            rig.Fire(1);
            await vectors[1].WaitAsync(stop);
            ValueTask wait = vectors[0].WaitAsync(stop);
            vectors.Dispose();
            await Contract.ThrowsAsync<ObjectDisposedException>(async () => await wait, "a wait for vectors that are disposed");
            await Contract.ThrowsAsync<ObjectDisposedException>(async () => await vectors[0].WaitAsync(stop), "a wait for disposed vectors");
            vectors.Dispose();
        }
    });

    private static Task Resized(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        int most = Math.Min(rig.Function.MsixVectorCount, MaxVectors);
        using MsixVectors vectors = await rig.Function.EnableMsixAsync(1, stop);
        rig.PrepareToFire();
        InterruptVector first = vectors[0];
        for (int round = 0; round < 3; round++)
        {
            foreach (int count in (int[])[most, 1, 2])
            {
                await vectors.ResizeAsync(count, stop);
                Contract.Equal(vectors.Count, count, "the number of vectors");
                for (int vector = 0; vector < count; vector++)
                {
                    rig.Fire(vector);
                    await vectors[vector].WaitAsync(stop);
                }

                Contract.Throws<ArgumentOutOfRangeException>(() => _ = vectors[count], "asking for a vector that was removed");
            }
        }

        Contract.Holds(ReferenceEquals(first, vectors[0]), "the vector that stayed is another");
        rig.Fire(0);
        await Task.Delay(subject.Settle, stop);
        await vectors.ResizeAsync(most, stop);
        await vectors[0].WaitAsync(stop);
    });

    private static Task InlineRegister(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        vectors[0].ContinueInline = true;
        for (int round = 0; round < 50; round++)
        {
            Task<uint> reader = ReadWhenSignalled();
            rig.Fire(0);
            Contract.Equal(await reader, subject.Identifying.Value, "a register read inside an inline continuation");
        }

        async Task<uint> ReadWhenSignalled()
        {
            await vectors[0].WaitAsync(stop).ConfigureAwait(false);
            Contract.Holds(!Thread.CurrentThread.IsThreadPoolThread, "the continuation ran on the thread pool, not inline");
            return rig.Read(subject.Identifying);
        }
    });

    private static Task ManySignals(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, vectors) =>
    {
        for (int signal = 0; signal < subject.Signals; signal++)
        {
            int vector = signal % vectors.Count;
            vectors[vector].ContinueInline = (signal & 1) != 0;
            rig.Fire(vector);
            await vectors[vector].WaitAsync(stop);
        }
    });

    private static Task OneWay(ContractSubject subject, CancellationToken stop) => WithMsix(subject, stop, async (rig, _) =>
    {
        await Contract.ThrowsAsync<InvalidOperationException>(async () => await rig.Function.EnableMsixAsync(1, stop), "enabling MSI-X twice");
        int most = rig.Function.MsixVectorCount;
        await Contract.ThrowsAsync<ArgumentOutOfRangeException>(async () => await rig.Function.EnableMsixAsync(0, stop), "enabling no vector");
        await Contract.ThrowsAsync<ArgumentOutOfRangeException>(async () => await rig.Function.EnableMsixAsync(most + 1, stop), "enabling more vectors than there are");
        if (rig.Function.MsiVectorCount > 0)
        {
            await Contract.ThrowsAsync<InvalidOperationException>(async () => await rig.Function.EnableMsiAsync(1, stop), "enabling MSI beside MSI-X");
        }

        if (rig.Function.HasIntx)
        {
            await Contract.ThrowsAsync<InvalidOperationException>(async () => await rig.Function.EnableIntxAsync(stop), "taking the line beside MSI-X");
        }
    });

    private static Task Msi(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        for (int round = 0; round < 3; round++)
        {
            using MsiVectors vectors = await rig.Function.EnableMsiAsync(1, stop);
            rig.PrepareToFire();
            for (int signal = 0; signal < 100; signal++)
            {
                rig.Fire(0);
                await vectors[0].WaitAsync(stop);
            }

            await Task.Delay(subject.Settle, stop);
            Contract.Holds(!vectors[0].TryTake(), "there is a signal that nobody sent");
        }
    });

    private static Task Intx(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using IntxLine line = await rig.Function.EnableIntxAsync(stop);
        rig.PrepareToFire();
        rig.AssertLine();
        await line.WaitAsync(stop);
        await Task.Delay(subject.Settle, stop);
        Contract.Holds(!line[0].TryTake(), "the line fires while it is masked");
        line.Unmask();
        await line.WaitAsync(stop);
        rig.LowerLine();
        line.Unmask();
        await Task.Delay(subject.Settle, stop);
        Contract.Holds(!line[0].TryTake(), "the line fires though the function let go of it");
        rig.AssertLine();
        await line.WaitAsync(stop);
        rig.LowerLine();
    });

    [SuppressMessage("Design", "CA1068", Justification = "The body is a check's whole text and so comes last.")]
    private static Task WithMsix(ContractSubject subject, CancellationToken stop, Func<ContractRig, MsixVectors, Task> body) =>
        Contract.WithRig(subject, stop, async rig =>
        {
            using MsixVectors vectors = await rig.Function.EnableMsixAsync(Math.Min(rig.Function.MsixVectorCount, MaxVectors), stop);
            rig.PrepareToFire();
            await body(rig, vectors);
        });
}
