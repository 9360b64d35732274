namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// Winograd's minimal filtering F(m×m, 3×3): Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for tiles d of t×t inputs, t = m + 2
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

    /// <summary>Bᵀ d B for some channels of one tile.</summary>
    /// <param name="source">The tile's first pixel; whole vectors of channels are read.</param>
    /// <param name="rowStride">Distance between rows of pixels.</param>
    /// <param name="pixelStride">Distance between pixels.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="panel">Where the tile's value for k = 0 of the first tap lies in its packed panel.</param>
    /// <param name="k">The k of the first channel, a multiple of the vector's lanes.</param>
    /// <param name="chunkStep">Distance between chunks of 16 k.</param>
    /// <param name="tapStride">Distance between the packed panels of the t·t taps.</param>
    /// <param name="work">Room for t·t vectors.</param>
    static abstract void Input<S, V>(
        float* source, long rowStride, long pixelStride, int channels, float* panel, int k, long chunkStep,
        long tapStride, float* work)
        where S : struct, ISimd<V>
        where V : struct;

    /// <summary>
    /// Aᵀ M A for a panel's columns of one tile. Tap (1, 1) is added to all results: the bias goes there.
    /// </summary>
    /// <param name="sums">The tile's row of the first tap.</param>
    /// <param name="tapStride">Distance between taps.</param>
    /// <param name="width">Columns, a multiple of the vector's lanes.</param>
    /// <param name="result">[m·m][width].</param>
    /// <param name="work">Room for m·t vectors.</param>
    static abstract void Output<S, V>(float* sums, long tapStride, int width, float* result, float* work)
        where S : struct, ISimd<V>
        where V : struct;
}
