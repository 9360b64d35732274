using System.Diagnostics;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>A peer: a process that keeps its operands from one turn to the next.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(Process process, string ready)
    {
        _process = process;
        Version = ready["ready ".Length..];
    }

    /// <summary>What it said of itself: name, version, and what it can do.</summary>
    public string Version { get; }

    /// <summary>Starts a peer.</summary>
    /// <param name="peer">engine, torch, torch-kept (which keeps freed memory) or onednn.</param>
    /// <param name="threads">How many it may use.</param>
    /// <exception cref="PeerException">It cannot be started; the message says why.</exception>
    public static PeerProcess Start(string peer, int threads)
    {
        (string file, string[] arguments) = peer switch
        {
            "engine" => (Environment.ProcessPath!, EngineArguments(threads)),
            "torch" or "torch-kept" => (Environment.GetEnvironmentVariable("PEERS_PYTHON") ?? "python3",
                ["benchmarks/peers/torch_peer.py"]),
            "onednn" => ("artifacts/peers/onednn_peer", []),
            _ => throw new FormatException($"'{peer}' is no peer, expected torch or onednn."),
        };
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string name in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
        {
            start.Environment[name] = $"{threads}";
        }

        if (peer == "torch-kept")
        {
            // glibc gives large blocks back to the system at once, and torch pays for their pages again at each op.
            start.Environment["MALLOC_MMAP_MAX_"] = "0";
            start.Environment["MALLOC_TRIM_THRESHOLD_"] = $"{1L << 40}";
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new PeerException($"{file}: {e.Message}");
        }

        string? ready = process.StandardOutput.ReadLine();
        if (ready?.StartsWith("ready ", StringComparison.Ordinal) != true)
        {
            process.Kill();
            process.Dispose();
            throw new PeerException(ready ?? "it ended at once");
        }

        return new PeerProcess(process, ready);
    }

    /// <summary>Sends a command and returns the answer's words after "ok".</summary>
    /// <exception cref="PeerException">The peer cannot do that, or has ended.</exception>
    public string[] Ask(params string[] words)
    {
        string? answer;
        try
        {
            _process.StandardInput.WriteLine(string.Join('\t', words));
            _process.StandardInput.Flush();
            answer = _process.StandardOutput.ReadLine();
        }
        catch (IOException e)
        {
            throw new PeerException(e.Message);
        }

        string[] parts = (answer ?? "error it has ended").Split(' ');
        return parts[0] == "ok" ? parts[1..] : throw new PeerException(string.Join(' ', parts[1..]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(10_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    // This very program, with or without the dotnet command in front.
    private static string[] EngineArguments(int threads)
    {
        string[] arguments = ["engine", "--threads", $"{threads}"];
        bool isDotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        return isDotnet ? [typeof(PeerProcess).Assembly.Location, .. arguments] : arguments;
    }
}

/// <summary>A peer cannot do what it was asked for.</summary>
internal sealed class PeerException(string message) : Exception(message);
