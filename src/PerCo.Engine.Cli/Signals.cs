using System.Runtime.InteropServices;

namespace PerCo.Engine.Cli;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the work to stop, which the CPU does at once and a GPU within a denoising step;
/// the second ends the process.
/// </summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _received;

    public Signals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _received) == 1)
        {
            _source.Cancel();
            return;
        }

        // A progress bar hides the cursor; nobody else will bring it back.
        if (!Console.IsErrorRedirected)
        {
            Console.Error.WriteLine("\u001b[?25h");
        }

        Environment.Exit(ExitCode.Cancelled);
    }
}
