using System.Globalization;
using PerCo.Engine.Peers.Measuring;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>The processes of a group of rows, each started when it is first needed.</summary>
internal sealed class PeerSet : IDisposable
{
    private readonly Options _options;
    private readonly TextWriter _output;
    private readonly PeerProcess _meter;
    private readonly Dictionary<(string Peer, int Threads), PeerProcess?> _peers = [];

    /// <summary>Starts the engine.</summary>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public PeerSet(Options options, TextWriter output)
    {
        _options = options;
        _output = output;
        Engine = PeerProcess.Start("engine", options.Threads);
        _peers[("engine", options.Threads)] = Engine;

        // In a process of its own: what it takes must not count as the engine's.
        _meter = PeerProcess.Start("engine", options.Threads);
    }

    /// <summary>The engine.</summary>
    public PeerProcess Engine { get; }

    /// <summary>Measures GFLOP/s of fused multiply-adds in registers.</summary>
    public double MeasurePeak() => double.Parse(_meter.Ask("peak")[0], CultureInfo.InvariantCulture);

    /// <summary>Measures the memory.</summary>
    public MemoryBandwidth MeasureBandwidth()
    {
        string[] bandwidth = _meter.Ask("bandwidth");
        return new MemoryBandwidth(
            double.Parse(bandwidth[0], CultureInfo.InvariantCulture),
            double.Parse(bandwidth[1], CultureInfo.InvariantCulture));
    }

    /// <summary>A contender's process; null where it was not asked for, or is not there, which is said once.</summary>
    public PeerProcess? Find(Contender contender)
    {
        bool named = _options.Peers.Contains(contender.Name.Replace(' ', '-'));
        if (contender.Peer != "engine" && !named
            && (contender.IsOptional || !_options.Peers.Contains(contender.Peer)))
        {
            return null;
        }

        int threads = contender.Threads > 0 ? contender.Threads : _options.Threads;
        if (!_peers.TryGetValue((contender.Peer, threads), out PeerProcess? peer))
        {
            try
            {
                peer = PeerProcess.Start(contender.Peer, threads);
            }
            catch (PeerException e)
            {
                _output.WriteLine($"{contender.Peer} is left out: {e.Message}");
            }

            _peers[(contender.Peer, threads)] = peer;
        }

        bool can = contender.Needs.Length == 0 || peer?.Version.Split(' ').Contains(contender.Needs) == true;
        return can ? peer : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        foreach (PeerProcess? peer in _peers.Values)
        {
            peer?.Dispose();
        }
    }
}
