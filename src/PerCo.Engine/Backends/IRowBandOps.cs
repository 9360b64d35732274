using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// What a backend offers on top of <see cref="Backend"/> so that large pictures are worked on by bands of rows: views
/// of rows, and GroupNorm in two steps. Its convolutions heed <see cref="Conv2dOperands.BandPadding"/>.
/// </summary>
internal interface IRowBandOps
{
    /// <summary>Size of a band in bytes that pays without need; 0 where only scarce memory is a reason.</summary>
    long DefaultBandBytes { get; }

    /// <summary>
    /// Values of <paramref name="x"/> from <paramref name="first"/> on, under another shape, to be read as long as
    /// <paramref name="x"/> is valid. Where <paramref name="first"/> is 0 it shares the memory and may be written to.
    /// </summary>
    Tensor View(Tensor x, long first, Shape shape);

    /// <summary>The first values of <paramref name="x"/>, which is as if disposed of, under another shape.</summary>
    Tensor Narrow(Tensor x, Shape shape);

    /// <summary>
    /// The first step of a GroupNorm: mean, slope and shift of every channel, laid out as the backend likes.
    /// </summary>
    Tensor NormFactors(Tensor x, NormWeights weights, int groups, float epsilon);

    /// <summary>
    /// The second step: activation((x − mean) · slope + shift), also for a part of the positions that the factors were
    /// taken from.
    /// </summary>
    Tensor NormApply(Tensor x, Tensor factors, Activation activation);
}
