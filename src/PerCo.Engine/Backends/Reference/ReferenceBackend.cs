using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

/// <summary>
/// Plain loops: the definition of every op, kept for good. Sums are taken in double precision, in the order that the
/// formula is written in, so that other backends are compared to something better than themselves. Slow on purpose.
/// </summary>
public partial class ReferenceBackend : HostBackend
{
    /// <inheritdoc/>
    public override string Name => "reference";

    /// <inheritdoc/>
    public override string Description => "plain loops on one thread (for checking other devices; slow)";

    /// <inheritdoc/>
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias) =>
        new ReferenceConvWeights(spec, weight.ToFloats(), bias?.ToFloats());

    /// <inheritdoc/>
    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) =>
        new ReferenceLinearWeights(spec, weight.ToFloats(), bias?.ToFloats());

    /// <inheritdoc/>
    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new ReferenceCodebookWeights(codes.Shape[^2], codes.Shape[^1], codes.ToFloats());
}
