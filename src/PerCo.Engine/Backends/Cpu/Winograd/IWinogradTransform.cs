namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// Winograd's minimal filtering F(m×m, r×r): Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for tiles d of t×t inputs, t = m + r − 1
/// (Lavin and Gray 2015, "Fast algorithms for convolutional neural networks"). Lanes are channels, so a value does not
/// depend on the vector's width.
/// </summary>
internal unsafe interface IWinogradTransform
{
    /// <summary>m: rows and columns that a tile gives.</summary>
    static abstract int Outputs { get; }

    /// <summary>t: rows and columns that a tile reads.</summary>
    static abstract int Inputs { get; }

    /// <summary>G g Gᵀ for a vector of outputs.</summary>
    /// <param name="source">The kernels' first values.</param>
    /// <param name="step">Distance between the 9 values of a kernel.</param>
    /// <param name="taps">Receives the t·t taps.</param>
    /// <param name="tapStride">Distance between them.</param>
    /// <param name="phase">Which results of an up-sampled input, for <see cref="WinogradTransformUp"/>.</param>
    static abstract void Kernel<S, V>(float* source, long step, float* taps, long tapStride, int phase)
        where S : struct, ISimd<V>
        where V : struct;

    /// <summary>Bᵀ d for a line of t inputs.</summary>
    /// <param name="from">The first of them.</param>
    /// <param name="step">Distance between them.</param>
    /// <param name="to">Receives t values.</param>
    /// <param name="toStep">Distance between these.</param>
    static abstract void InputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct;

    /// <summary>
    /// Aᵀ m for a line of t sums, to <see cref="Outputs"/> results. The second sum is added to all of them.
    /// </summary>
    /// <inheritdoc cref="InputLine"/>
    static abstract void OutputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct;
}
