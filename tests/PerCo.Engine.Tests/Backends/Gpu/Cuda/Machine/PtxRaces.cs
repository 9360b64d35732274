namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// Finds accesses to on-chip memory that nothing puts in order, whichever came first this time. Each warp has a vector
/// clock, as has the copy engine; each 4 bytes remember their last write and each warp's last read. Lanes of one warp
/// are in order from one bar.warp.sync to the next. For barriers between warps a warp is one: what a lane announces
/// counts for all of its warp.
/// </summary>
internal sealed class PtxRaces
{
    private const int Bytes = 4;
    private const int Nobody = -1;

    // More than one lane has read since the last bar.warp.sync.
    private const int Several = PtxWarp.Size;

    private readonly int _warps;
    private readonly int _words;
    private readonly uint[][] _clocks;
    private readonly uint[] _epochs;
    private readonly int[] _writer;
    private readonly int[] _writerLane;
    private readonly uint[] _writeClock;
    private readonly uint[] _writeEpoch;
    private readonly long[] _writeOrder;
    private readonly bool[] _underWay;
    private readonly uint[] _readClock;
    private readonly uint[] _readEpoch;
    private readonly int[] _readLane;
    private readonly long[] _fences;
    private long _order;

    public PtxRaces(int size, int warps)
    {
        _warps = warps;
        _words = (size + Bytes - 1) / Bytes;
        _clocks = [.. Enumerable.Range(0, warps + 1).Select(_ => new uint[warps + 1])];
        _epochs = new uint[warps + 1];
        _writer = new int[_words];
        _writerLane = new int[_words];
        _writeClock = new uint[_words];
        _writeEpoch = new uint[_words];
        _writeOrder = new long[_words];
        _underWay = new bool[_words];
        _readClock = new uint[_words * warps];
        _readEpoch = new uint[_words * warps];
        _readLane = new int[_words * warps];
        _fences = new long[(warps + 1) * PtxWarp.Size];
    }

    /// <summary>Stands for the copy engine where a warp's index is asked for.</summary>
    public int Engine => _warps;

    /// <summary>Forgets the group before.</summary>
    public void Reset()
    {
        for (int i = 0; i <= _warps; i++)
        {
            Array.Clear(_clocks[i]);
            _clocks[i][i] = 1;
        }

        Array.Clear(_epochs);
        Array.Fill(_writer, Nobody);
        Array.Clear(_underWay);
        Array.Clear(_readClock);
        Array.Clear(_fences);
        _order = 0;
    }

    /// <summary>bar.warp.sync.</summary>
    public void JoinLanes(int warp) => _epochs[warp]++;

    /// <summary>bar.sync: what any warp did is before what any does now.</summary>
    public void JoinAll()
    {
        uint[] joined = new uint[_warps + 1];
        for (int warp = 0; warp < _warps; warp++)
        {
            Join(joined, _clocks[warp]);
        }

        for (int warp = 0; warp < _warps; warp++)
        {
            joined.CopyTo(_clocks[warp], 0);
            _clocks[warp][warp]++;
            _epochs[warp]++;
        }
    }

    /// <summary>A warp announces what it has done, at a barrier in memory.</summary>
    public void Announce(int warp, uint[] barrier)
    {
        Join(barrier, _clocks[warp]);
        _clocks[warp][warp]++;
    }

    /// <summary>A warp has seen that a barrier's phase is complete.</summary>
    public void Learn(int warp, uint[] barrier) => Join(_clocks[warp], barrier);

    /// <summary>fence.proxy.async: what a lane has written can be read by the asynchronous units.</summary>
    public void Fence(int warp, int lane) => _fences[(warp * PtxWarp.Size) + lane] = _order;

    /// <summary>A lane reads.</summary>
    public void Read(int warp, int lane, int address, int bytes)
    {
        for (int word = address / Bytes; word <= (address + bytes - 1) / Bytes; word++)
        {
            CheckWrite(word, warp, lane, _clocks[warp], reads: true);
            int read = (word * _warps) + warp;
            bool again = _readClock[read] != 0 && _readEpoch[read] == _epochs[warp] && _readLane[read] != lane;
            _readLane[read] = again ? Several : lane;
            _readClock[read] = _clocks[warp][warp];
            _readEpoch[read] = _epochs[warp];
        }
    }

    /// <summary>A warp's tensor cores read, as of a moment: what was written must have been fenced.</summary>
    public void ReadAsynchronously(int warp, uint[] moment, int address, int bytes)
    {
        for (int word = address / Bytes; word <= (address + bytes - 1) / Bytes; word++)
        {
            CheckWrite(word, warp, Several, moment, reads: true);
            int writer = _writer[word];
            if (writer != Nobody && writer != Engine
                && _fences[(writer * PtxWarp.Size) + _writerLane[word]] < _writeOrder[word])
            {
                throw new PtxFault(
                    $"tensor cores read {word * Bytes}, which warp {writer} lane {_writerLane[word]} wrote without "
                    + "fence.proxy.async");
            }

            int read = (word * _warps) + warp;
            _readLane[read] = Several;
            _readClock[read] = _clocks[warp][warp];
            _readEpoch[read] = _epochs[warp];
        }
    }

    /// <summary>What a warp knows of the others now.</summary>
    public uint[] Moment(int warp) => (uint[])_clocks[warp].Clone();

    /// <summary>A lane writes.</summary>
    public void Write(int warp, int lane, int address, int bytes) =>
        Record(warp, lane, _clocks[warp], address, bytes, underWay: false);

    /// <summary>A lane starts a copy to here; until it is complete nobody may touch it.</summary>
    public void StartCopy(int warp, int lane, int address, int bytes) =>
        Record(warp, lane, _clocks[warp], address, bytes, underWay: true);

    /// <summary>The copy of a lane is complete, and the lane knows.</summary>
    public void CompleteCopy(int warp, int lane, int address, int bytes) => Complete(warp, lane, address, bytes);

    /// <summary>A warp has the copy engine copy to here.</summary>
    public void StartEngine(int warp, int address, int bytes)
    {
        Record(warp, Several, _clocks[warp], address, bytes, underWay: true);
        for (int word = address / Bytes; word < (address + bytes) / Bytes; word++)
        {
            (_writer[word], _writerLane[word]) = (Engine, 0);
        }
    }

    /// <summary>The copy engine is done, and tells a barrier.</summary>
    public void CompleteEngine(int address, int bytes, uint[] barrier)
    {
        Complete(Engine, 0, address, bytes);
        Join(barrier, _clocks[Engine]);
        _clocks[Engine][Engine]++;
    }

    private static void Join(uint[] into, uint[] other)
    {
        for (int i = 0; i < into.Length; i++)
        {
            into[i] = Math.Max(into[i], other[i]);
        }
    }

    private void Complete(int actor, int lane, int address, int bytes)
    {
        _order++;
        for (int word = address / Bytes; word < (address + bytes) / Bytes; word++)
        {
            Set(word, actor, lane, underWay: false);
        }
    }

    private void Record(int warp, int lane, uint[] clock, int address, int bytes, bool underWay)
    {
        _order++;
        for (int word = address / Bytes; word <= (address + bytes - 1) / Bytes; word++)
        {
            CheckWrite(word, warp, lane, clock, reads: false);
            for (int other = 0; other < _warps; other++)
            {
                int read = (word * _warps) + other;
                if (_readClock[read] == 0)
                {
                    continue;
                }

                bool ordered = other == warp
                    ? _readLane[read] == lane || lane == Several || _readEpoch[read] < _epochs[warp]
                    : _readClock[read] <= clock[other];
                if (!ordered)
                {
                    throw new PtxFault(
                        $"warp {warp} lane {lane} writes {word * Bytes}, which warp {other} reads unordered");
                }

                _readClock[read] = 0;
            }

            Set(word, warp, lane, underWay);
        }
    }

    private void Set(int word, int actor, int lane, bool underWay)
    {
        _writer[word] = actor;
        _writerLane[word] = lane;
        _writeClock[word] = _clocks[actor][actor];
        _writeEpoch[word] = _epochs[actor];
        _writeOrder[word] = _order;
        _underWay[word] = underWay;
    }

    private void CheckWrite(int word, int warp, int lane, uint[] clock, bool reads)
    {
        int writer = _writer[word];
        if (writer == Nobody)
        {
            if (reads)
            {
                throw new PtxFault($"warp {warp} lane {lane} reads {word * Bytes}, which nobody has written");
            }

            return;
        }

        string does = reads ? "reads" : "writes";
        if (_underWay[word])
        {
            throw new PtxFault($"warp {warp} lane {lane} {does} {word * Bytes} while a copy to it is under way");
        }

        bool ordered = writer == warp
            ? _writerLane[word] == lane || _writeEpoch[word] < _epochs[warp]
            : _writeClock[word] <= clock[writer];
        if (!ordered)
        {
            throw new PtxFault(
                $"warp {warp} lane {lane} {does} {word * Bytes}, which "
                + (writer == Engine ? "the copy engine" : $"warp {writer} lane {_writerLane[word]}")
                + " writes unordered");
        }
    }
}
