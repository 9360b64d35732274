namespace PerCo.Engine.Codec.PercoSd;

/// <summary>
/// The cumulative distribution that PerCo (SD) gives torchac for equally likely symbols, bit for bit: a running sum of
/// float32(1/V), its last entry set to 1, scaled to 65536 − V, rounded half to even, plus one for every symbol before.
/// torch's cumsum on the CPU adds in double and rounds each entry to float32; at 8196 symbols that shows.
/// </summary>
internal sealed class UniformCdf
{
    /// <summary>Bits of a cumulative count.</summary>
    public const int Precision = 16;

    private readonly uint[] _cumulative;

    /// <param name="symbols">Number of symbols V, from 2 to 32768.</param>
    public UniformCdf(int symbols)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbols, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbols, 1 << (Precision - 1));
        _cumulative = new uint[symbols + 1];
        float probability = (float)(1.0 / symbols);
        float scale = (1 << Precision) - symbols;
        double sum = 0;
        for (int i = 1; i < symbols; i++)
        {
            sum += probability;
            _cumulative[i] = (uint)MathF.Round((float)sum * scale, MidpointRounding.ToEven) + (uint)i;
        }

        _cumulative[symbols] = 1 << Precision;
    }

    /// <summary>Number of symbols.</summary>
    public int Symbols => _cumulative.Length - 1;

    /// <summary>Where a symbol's interval begins, in 65536ths.</summary>
    public uint Low(int symbol) => _cumulative[symbol];

    /// <summary>Where a symbol's interval ends, in 65536ths.</summary>
    public uint High(int symbol) => _cumulative[symbol + 1];

    /// <summary>The symbol whose interval holds <paramref name="count"/>, which is below 65536.</summary>
    public int Find(uint count)
    {
        int left = 0;
        int right = Symbols;
        while (left + 1 < right)
        {
            int middle = (left + right) / 2;
            if (_cumulative[middle] <= count)
            {
                left = middle;
            }
            else
            {
                right = middle;
            }
        }

        return left;
    }
}
