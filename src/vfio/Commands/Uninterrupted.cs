using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace VfioSharp.Cli.Commands;

/// <summary>
/// Runs what must not stop half-way, whatever its user or the system wants: the process lives until it has ended, and signals to end wait for it.
/// </summary>
internal static class Uninterrupted
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    /// <summary>Runs an action to its end.</summary>
    /// <exception cref="OperationCanceledException">It ended, and a signal to end came in the meantime.</exception>
    public static void Run(Action action)
    {
        using var told = new CancellationTokenSource();
        PosixSignalRegistration[] registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            told.Cancel();
        }))];
        try
        {
            ExceptionDispatchInfo? problem = null;
            var thread = new Thread(() =>
            {
                try
                {
                    action();
                }
                catch (Exception thrown)
                {
                    problem = ExceptionDispatchInfo.Capture(thrown);
                }
            })
            {
                IsBackground = false, // the process outlives its main thread for it
            };
            thread.Start();
            thread.Join();
            problem?.Throw();
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
        }

        told.Token.ThrowIfCancellationRequested();
    }
}
