namespace PerCo.Engine.Backends.Cpu;

/// <summary>The operands of a GroupNorm, and how its positions are split into runs.</summary>
/// <param name="First">[batch, positions, first channels].</param>
/// <param name="FirstChannels">Channels of the first source.</param>
/// <param name="Second">[batch, positions, the other channels], or null.</param>
/// <param name="Channels">Channels of both together, and of the result.</param>
/// <param name="Positions">Positions of one picture.</param>
internal readonly unsafe record struct GroupNormLayout(
    nint First, int FirstChannels, nint Second, int Channels, int Positions)
{
    public GroupNormLayout(float* first, int firstChannels, float* second, int channels, int positions)
        : this((nint)first, firstChannels, (nint)second, channels, positions)
    {
    }

    /// <summary>Number of sources.</summary>
    public int Sources => Second == 0 ? 1 : 2;

    /// <summary>Positions of a run: about 256 KiB of values, which a second-level cache holds.</summary>
    public int PositionsPerRun => Math.Min(Positions, 4 * SimdParallel.RowsPerItem(Channels));

    public int RunsPerPicture => SimdParallel.Items(Positions, PositionsPerRun);

    /// <summary>Doubles that a run leaves behind: sums of all channels, then sums of squares.</summary>
    public long SumsPerRun => 2L * Channels;

    /// <summary>
    /// The values of a source at a position of a picture, their number, and their place in the result.
    /// </summary>
    public GroupNormSource Source(int source, long picture, int position)
    {
        long row = picture * Positions + position;
        int secondChannels = Channels - FirstChannels;
        return source == 0
            ? new GroupNormSource((float*)First + row * FirstChannels, FirstChannels, 0)
            : new GroupNormSource((float*)Second + row * secondChannels, secondChannels, FirstChannels);
    }

    /// <summary>Picture and positions of a run.</summary>
    public (int Picture, int Start, int End) Run(int run)
    {
        (int picture, int index) = int.DivRem(run, RunsPerPicture);
        int start = index * PositionsPerRun;
        return (picture, start, Math.Min(Positions, start + PositionsPerRun));
    }
}

/// <summary>A row of one of the sources.</summary>
internal readonly unsafe struct GroupNormSource(float* values, int channels, int offset)
{
    public float* Values => values;

    public int Channels => channels;

    /// <summary>First channel in the result.</summary>
    public int Offset => offset;
}
