namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// One direction of arithmetic coding. Encoding and decoding run the same code, which offers each symbol's frequencies;
/// an encoder writes the symbol that it is given, a decoder ignores it and returns the one that it reads. Integers
/// only, so that every machine agrees.
/// </summary>
internal abstract class SymbolCoder
{
    /// <summary>The largest sum of frequencies that leaves the coder its precision.</summary>
    public const ulong MaxTotal = 1UL << 40;

    /// <summary>Codes one symbol.</summary>
    /// <param name="symbol">An index with a frequency above 0, when encoding.</param>
    /// <param name="frequencies">Relative frequencies, 0 for what cannot be; they add up to at most
    /// <see cref="MaxTotal"/>.</param>
    /// <returns>The symbol written or read.</returns>
    /// <exception cref="PerCoException">The bytes read are no code.</exception>
    public int Code(int symbol, ReadOnlySpan<uint> frequencies)
    {
        ulong total = 0;
        foreach (uint f in frequencies)
        {
            total += f;
        }

        return CodeSymbol(symbol, frequencies, total);
    }

    /// <summary>Codes one of <paramref name="count"/> equally frequent symbols.</summary>
    public abstract int CodeUniform(int symbol, int count);

    /// <summary>As <see cref="Code"/>, with the sum known.</summary>
    protected abstract int CodeSymbol(int symbol, ReadOnlySpan<uint> frequencies, ulong total);
}
