namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>A launch of a kernel.</summary>
/// <param name="Device">Where.</param>
/// <param name="Kernel">What.</param>
/// <param name="GroupsX">Groups along x.</param>
/// <param name="GroupsY">Groups along y.</param>
/// <param name="GroupsZ">Groups along z.</param>
/// <param name="SharedBytes">Shared memory, what is declared and what was asked for.</param>
/// <param name="Arguments">Values of the parameters.</param>
internal sealed record PtxLaunch(
    PtxDevice Device, PtxKernel Kernel, int GroupsX, int GroupsY, int GroupsZ, int SharedBytes,
    IReadOnlyList<ulong> Arguments);

/// <summary>
/// The work-items that share on-chip memory (a CTA). Its warps take turns of random length, and asynchronous copies
/// arrive when it suits nobody, so that what relies on luck fails.
/// </summary>
internal sealed class PtxGroup : IDisposable
{
    // Instructions. The shortest turn is longer than a loop that asks whether a phase is complete.
    private const int ShortestTurn = 8;
    private const int LongestTurn = 600;

    // Turns in a row in which nothing happens but asking.
    private const int Deadlock = 10_000;

    private readonly PtxWarp[] _warps;
    private readonly List<Action> _arriving = [];
    private Random _random = new(0);

    public PtxGroup(PtxLaunch launch)
    {
        Launch = launch;
        int warps = (launch.Kernel.GroupSize + PtxWarp.Size - 1) / PtxWarp.Size;
        Shared = new PtxShared(launch.SharedBytes, warps, launch.Device.DetectRaces);
        Barriers = new PtxBarriers(Shared);
        _warps = [.. Enumerable.Range(0, warps).Select(index => new PtxWarp(this, launch.Kernel, index))];
    }

    public PtxLaunch Launch { get; }

    public int X { get; private set; }

    public int Y { get; private set; }

    public int Z { get; private set; }

    /// <summary>
    /// Registers that a work-item starts with at the most: its share of 65536, in eights. The compiler gives as many to
    /// kernels that move them between warps.
    /// </summary>
    public int StartRegisters => 65536 / (_warps.Length * PtxWarp.Size) / 8 * 8;

    /// <summary>Registers that warps have given back, for each of their work-items.</summary>
    public int FreeRegisters => (StartRegisters * _warps.Length) - _warps.Sum(warp => warp.Registers);

    /// <summary>On-chip memory.</summary>
    public PtxShared Shared { get; }

    /// <summary>Barriers in on-chip memory.</summary>
    public PtxBarriers Barriers { get; }

    /// <summary>Has something happen at some time after this instruction.</summary>
    public void Later(Action arrival) => _arriving.Add(arrival);

    /// <summary>Runs a group to its end.</summary>
    public void Run(int x, int y, int z)
    {
        (X, Y, Z) = (x, y, z);
        _random = new Random(HashCode.Combine(Launch.Device.Seed, x, y, z));
        Shared.Reset();
        Barriers.Reset();
        foreach (PtxWarp warp in _warps)
        {
            warp.Start();
        }

        int idle = 0;
        while (_warps.Any(warp => warp.Live != 0))
        {
            PtxWarp[] ready = [.. _warps.Where(warp => warp.Live != 0 && !warp.AtBarrier)];
            if (ready.Length == 0)
            {
                Release();
                continue;
            }

            idle = ready[_random.Next(ready.Length)].Run(_random.Next(ShortestTurn, LongestTurn)) ? 0 : idle + 1;
            if (_arriving.Count > 0 && (idle > 0 || _random.Next(3) == 0))
            {
                int which = _random.Next(_arriving.Count);
                Action arrival = _arriving[which];
                _arriving.RemoveAt(which);
                arrival();
            }

            if (idle == Deadlock)
            {
                throw new PtxFault(
                    $"{Launch.Kernel.Name}, group {X},{Y},{Z}: all warps wait, and nothing is under way: "
                    + $"{string.Join("; ", _warps.Where(warp => warp.Live != 0))}; {Barriers}");
            }
        }

        if (_arriving.Count > 0)
        {
            throw new PtxFault($"{Launch.Kernel.Name}, group {X},{Y},{Z}: it ends while copies are under way");
        }
    }

    public void Dispose()
    {
        foreach (PtxWarp warp in _warps)
        {
            warp.Dispose();
        }

        Shared.Dispose();
    }

    // All warps that are there wait.
    private void Release()
    {
        if (_warps.Any(warp => warp.Live == 0))
        {
            throw new PtxFault($"{Launch.Kernel.Name}, group {X},{Y},{Z}: bar.sync after a warp has ended");
        }

        Shared.Races?.JoinAll();
        foreach (PtxWarp warp in _warps)
        {
            warp.AtBarrier = false;
        }
    }
}
