namespace PerCo.Engine.Codec.Captions;

/// <summary>Frequencies that grow with what has been coded within one caption.</summary>
internal sealed class AdaptiveFrequencies
{
    private readonly uint[] _frequencies;
    private readonly uint _step;

    /// <summary>Starts from fixed frequencies.</summary>
    /// <param name="step">What a symbol gains each time that it is coded.</param>
    /// <param name="initial">The frequencies at the start, each at least 1.</param>
    public AdaptiveFrequencies(uint step, params ReadOnlySpan<uint> initial)
    {
        _frequencies = initial.ToArray();
        _step = step;
    }

    /// <summary>Codes a symbol and learns it.</summary>
    public int Code(SymbolCoder coder, int symbol)
    {
        int coded = coder.Code(symbol, _frequencies);
        _frequencies[coded] += _step;
        return coded;
    }
}
