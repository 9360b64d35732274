namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// Barriers in shared memory (PTX ISA, "mbarrier"): a phase is complete when all arrivals and all announced bytes have
/// come.
/// </summary>
internal sealed unsafe class PtxBarriers(PtxShared shared)
{
    private readonly Dictionary<int, Barrier> _barriers = [];

    private sealed class Barrier(int arrivals, int clocks)
    {
        public int Arrivals { get; } = arrivals;

        public int Pending { get; set; } = arrivals;

        public long Bytes { get; set; }

        public int Parity { get; set; }

        /// <summary>What those who have arrived knew, and what they knew when the last phase ended.</summary>
        public uint[] Arriving { get; } = new uint[clocks];

        public uint[] Arrived { get; } = new uint[clocks];
    }

    /// <summary>Forgets the group before.</summary>
    public void Reset() => _barriers.Clear();

    /// <summary>mbarrier.init.</summary>
    public void Create(PtxWarp warp, int lane, uint address, int arrivals)
    {
        _ = shared.Write(warp, lane, address, 8);
        _barriers[(int)address] = new Barrier(arrivals, (shared.Races?.Engine ?? 0) + 1);
    }

    /// <summary>mbarrier.arrive.</summary>
    public void Arrive(PtxWarp warp, uint address)
    {
        Barrier barrier = Find(address);
        shared.Races?.Announce(warp.Index, barrier.Arriving);
        if (--barrier.Pending < 0)
        {
            throw new PtxFault($"more arrivals at {address} than its {barrier.Arrivals}");
        }

        End(barrier);
    }

    /// <summary>What mbarrier.arrive.expect_tx does before it arrives.</summary>
    public void Expect(uint address, int bytes) => Find(address).Bytes += bytes;

    /// <summary>The copy engine has copied so many bytes to here.</summary>
    public void Complete(uint address, int to, int bytes)
    {
        Barrier barrier = Find(address);
        shared.Races?.CompleteEngine(to, bytes, barrier.Arriving);
        barrier.Bytes -= bytes;
        if (barrier.Bytes < 0)
        {
            throw new PtxFault($"more bytes for the barrier at {address} than announced");
        }

        End(barrier);
    }

    /// <summary>mbarrier.try_wait.parity: whether the phase of this parity is complete.</summary>
    public bool IsComplete(PtxWarp warp, uint address, uint parity)
    {
        Barrier barrier = Find(address);
        if (barrier.Parity == parity)
        {
            return false;
        }

        shared.Races?.Learn(warp.Index, barrier.Arrived);
        return true;
    }

    /// <summary>There is a barrier.</summary>
    public void Check(uint address) => _ = Find(address);

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", _barriers.OrderBy(pair => pair.Key).Select(pair =>
        $"barrier {pair.Key}: parity {pair.Value.Parity}, {pair.Value.Pending} of {pair.Value.Arrivals} arrivals and "
        + $"{pair.Value.Bytes} bytes to come"));

    private static void End(Barrier barrier)
    {
        if (barrier.Pending == 0 && barrier.Bytes == 0)
        {
            barrier.Pending = barrier.Arrivals;
            barrier.Parity ^= 1;
            barrier.Arriving.CopyTo(barrier.Arrived, 0);
        }
    }

    private Barrier Find(uint address) => _barriers.TryGetValue((int)address, out Barrier? barrier)
        ? barrier : throw new PtxFault($"there is no barrier at {address}");
}
