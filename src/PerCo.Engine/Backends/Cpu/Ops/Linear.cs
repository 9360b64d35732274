using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias)
    {
        PackedMatrix matrix = PackedMatrix.Pack(
            Pool, Kernels, new MatrixSource(weight), bias, paired: spec.Activation == Activation.Geglu,
            WeightPlan.Format(weight.Type, weight.Shape.Count));
        weight.Unload?.Invoke();
        return new CpuLinearWeights(spec, matrix);
    }

    /// <inheritdoc/>
    private protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
        PackedMatrix matrix = ((CpuLinearWeights)weights).Matrix;
        LinearSpec spec = weights.Spec;
        int rows = checked((int)x.Shape.Rows);
        float* added = residual is null ? null : residual.Values();
        if (rows == 1)
        {
            SingleRow.Run(
                this, matrix, x.Values(), spec.Inputs, added, spec.Activation, result.Values(), spec.ResultFeatures);
            return;
        }

        var product = new MatrixProduct
        {
            Groups = 1,
            Rows = rows,
            Matrix = matrix,
            Bias = matrix.Bias,
            Result = result.Values(),
            ResultColumns = spec.ResultFeatures,
            Residual = added,
            Activation = spec.Activation,
        };
        if (!Options.Strict && matrix.Format == PanelFormat.Fp32
            && StrassenProduct.Suits(spec, x.Shape.Tokens))
        {
            StrassenProduct.Run(this, product, x.Values());
            return;
        }

        product.Run(this, new DenseRows(x.Values(), rows, spec.Inputs));
    }
}

/// <summary>A matrix in panels.</summary>
internal sealed class CpuLinearWeights(LinearSpec spec, PackedMatrix matrix) : LinearWeights(spec)
{
    public PackedMatrix Matrix { get; } = matrix;

    public override long Bytes => Matrix.Bytes;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Matrix.Dispose();
        }

        base.Dispose(disposing);
    }
}
