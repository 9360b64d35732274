using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// The operands of a GroupNorm as rows, and how the rows are split into runs. A row is a position, or as many positions
/// as make whole registers: of 24 channels, two.
/// </summary>
internal readonly unsafe struct GroupNormLayout
{
    /// <summary>The widest register's lanes; fixed, because the order of sums depends on it.</summary>
    private const int Lanes = 16;

    private readonly float* _first;
    private readonly float* _second;
    private readonly int _firstChannels;

    public GroupNormLayout(Tensor x, Tensor? second, int channels)
    {
        _first = x.Values();
        _firstChannels = x.Shape.Channels;
        _second = second is null ? null : second.Values();
        Channels = channels;
        Positions = x.Shape.Tokens;
        Fold = second is null ? Lanes / GreatestCommonDivisor(channels, Lanes) : 1;
        RowLength = checked(Fold * channels);
        Rows = (int)(((long)Positions + Fold - 1) / Fold);
        RowsPerRun = Math.Clamp(4 * SimdParallel.RowsPerItem(RowLength), 1, Math.Max(1, Rows));
    }

    /// <summary>Channels of both sources together, and of the result.</summary>
    public int Channels { get; }

    /// <summary>Positions of a picture.</summary>
    public int Positions { get; }

    /// <summary>Positions of a row; 1 where there are two sources.</summary>
    public int Fold { get; }

    /// <summary>Values of a row of the result; the last row may be shorter.</summary>
    public int RowLength { get; }

    /// <summary>Rows of a picture.</summary>
    public int Rows { get; }

    /// <summary>Rows of a run: about 256 KiB of values, which a second-level cache holds.</summary>
    public int RowsPerRun { get; }

    public int RunsPerPicture => SimdParallel.Items(Rows, RowsPerRun);

    /// <summary>Number of sources.</summary>
    public int Sources => _second == null ? 1 : 2;

    /// <summary>Room for the sums of a row's columns, and for a register beyond them.</summary>
    public int PaddedRowLength => (RowLength + 2 * Lanes - 1) / Lanes * Lanes;

    /// <summary>Doubles that a run leaves behind: sums of all columns, then sums of squares.</summary>
    public long SumsPerRun => 2L * PaddedRowLength;

    /// <summary>A row of a source of a picture.</summary>
    public GroupNormSource Source(int source, long picture, int row)
    {
        int channels = source == 0 ? _firstChannels : Channels - _firstChannels;
        float* values = (source == 0 ? _first : _second) + (picture * Positions + (long)row * Fold) * channels;
        int positions = Math.Min(Fold, Positions - row * Fold);
        return new GroupNormSource(values, Fold * channels, positions * channels, source == 0 ? 0 : _firstChannels);
    }

    /// <summary>Where a row of a picture begins in the result.</summary>
    public long ResultOffset(long picture, int row) => (picture * Positions + (long)row * Fold) * Channels;

    /// <summary>Picture and rows of a run.</summary>
    public (int Picture, int Start, int End) Run(int run)
    {
        (int picture, int index) = int.DivRem(run, RunsPerPicture);
        int start = index * RowsPerRun;
        return (picture, start, Math.Min(Rows, start + RowsPerRun));
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

/// <summary>A row of one of the sources.</summary>
internal readonly unsafe struct GroupNormSource(float* values, int stride, int length, int offset)
{
    public float* Values => values;

    /// <summary>Distance to the next row.</summary>
    public int Stride => stride;

    /// <summary>Values of the row: the stride, but for a shorter last row.</summary>
    public int Length => length;

    /// <summary>First column in the result's row.</summary>
    public int Offset => offset;
}
