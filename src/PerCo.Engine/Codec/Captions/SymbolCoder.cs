namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// One direction of arithmetic coding. Encoding and decoding run the same code, which offers each symbol's frequencies;
/// an encoder writes the symbol that it is given, a decoder ignores it and returns the one that it reads. Integers
/// only, so that every machine agrees.
/// </summary>
internal abstract class SymbolCoder
{
    /// <summary>Codes one symbol.</summary>
    /// <param name="symbol">An index with a frequency above 0, when encoding.</param>
    /// <param name="frequencies">Relative frequencies, 0 for what cannot be; they add up to less
    /// than 2^32.</param>
    /// <returns>The symbol written or read.</returns>
    /// <exception cref="PerCoException">The bytes read are no code.</exception>
    public abstract int Code(int symbol, ReadOnlySpan<uint> frequencies);

    /// <summary>Codes one of <paramref name="count"/> equally frequent symbols.</summary>
    public abstract int CodeUniform(int symbol, int count);
}
