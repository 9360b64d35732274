using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// A device that runs the ops: the whole list, one method an op. Public methods check operands and allocate the
/// result; a backend implements the <c>…Core</c> methods, whose operands fit by then. Results are new tensors that the
/// caller disposes of.
/// </summary>
/// <remarks>
/// One forward pass at a time: callers that share a backend between threads hold <see cref="Exclusive"/> around it.
/// Backends are part of this library, as tensors' memory and prepared weights are theirs alone; CONTRIBUTING.md says
/// how to add one.
/// </remarks>
public abstract class Backend : IDisposable
{
    private protected Backend()
    {
    }

    /// <summary>Short name, as <see cref="BackendCatalog"/> takes it.</summary>
    public abstract string Name { get; }

    /// <summary>What it runs on, for people: instruction set and threads, or the device's name and driver.</summary>
    public abstract string Description { get; }

    /// <summary>What bounds its differences from the reference implementations.</summary>
    public virtual NumericPlan Plan => NumericPlan.Fp32Direct;

    /// <summary>Held around a forward pass where several threads share the backend.</summary>
    public Lock Exclusive { get; } = new();

    /// <summary>
    /// Ends ops that are running where that takes long, with an <see cref="OperationCanceledException"/>; none by
    /// default. Set while <see cref="Exclusive"/> is held.
    /// </summary>
    internal virtual CancellationToken Cancellation { get; set; }

    /// <summary>Bytes of activations that are in use now.</summary>
    public abstract long MemoryInUse { get; }

    /// <summary>Most bytes of activations that were in use since <see cref="ResetPeak"/>.</summary>
    public abstract long PeakMemory { get; }

    /// <summary>Starts a new measurement of <see cref="PeakMemory"/>.</summary>
    public abstract void ResetPeak();

    /// <summary>Gives memory that the arena keeps for the next pass back to the system.</summary>
    public abstract void TrimMemory();

    // ---- Memory -----------------------------------------------------------------------------------------------

    /// <summary>A tensor with arbitrary content.</summary>
    public abstract Tensor Allocate(Shape shape);

    /// <summary>A tensor with the given values, <paramref name="shape"/>.Count of them.</summary>
    public Tensor Upload(Shape shape, ReadOnlySpan<float> values)
    {
        using Tensor result = Allocate(shape);
        Upload(values, result);
        return result.Move();
    }

    /// <summary>Overwrites a tensor with fp32 values.</summary>
    public abstract void Upload(ReadOnlySpan<float> values, Tensor destination);

    /// <summary>Reads a tensor as fp32 values; waits for the device.</summary>
    public abstract void Download(Tensor source, Span<float> destination);

    // ---- Weights ----------------------------------------------------------------------------------------------

    /// <summary>
    /// Prepares a convolution's weight [outputs, inputs, kernel height, kernel width] and bias [outputs].
    /// </summary>
    public abstract ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias);

    /// <summary>Prepares a matrix [outputs, inputs] and a bias [outputs].</summary>
    public abstract LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias);

    /// <summary>Prepares scale [channels] and shift [channels].</summary>
    public abstract NormWeights PrepareNorm(HostTensor scale, HostTensor shift);

    /// <summary>Prepares a table [entries, channels].</summary>
    public abstract EmbeddingWeights PrepareEmbedding(HostTensor table);

    /// <summary>Prepares codes [entries, channels] of unit length.</summary>
    public abstract CodebookWeights PrepareCodebook(HostTensor codes);

    // ---- Ops --------------------------------------------------------------------------------------------------

    /// <summary>
    /// activation(conv(upsample(concat(x, second))) + bias + channelBias + residual); see <see
    /// cref="Tensors.Ops.Conv2d"/>.
    /// </summary>
    public Tensor Conv2d(Tensor x, ConvWeights weights, in Conv2dOperands operands = default)
    {
        using Tensor result = Allocate(Tensors.Ops.Conv2d.ResultShape(x, weights.Spec, operands));
        Conv2dCore(x, weights, operands, result);
        return result.Move();
    }

    /// <summary>activation(x·Wᵀ + bias + residual) for every position; see <see cref="Tensors.Ops.Linear"/>.</summary>
    public Tensor Linear(Tensor x, LinearWeights weights, Tensor? residual = null)
    {
        using Tensor result = Allocate(Tensors.Ops.Linear.ResultShape(x, weights.Spec, residual));
        LinearCore(x, weights, residual, result);
        return result.Move();
    }

    /// <summary>softmax(scale · q kᵀ) v per head; see <see cref="Tensors.Ops.Attention"/>.</summary>
    public Tensor Attention(ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec)
    {
        using Tensor result = Allocate(Tensors.Ops.Attention.ResultShape(q, k, v, spec));
        AttentionCore(q, k, v, spec, result);
        return result.Move();
    }

    /// <summary>activation(groupNorm(concat(x, second))); see <see cref="Tensors.Ops.GroupNorm"/>.</summary>
    public Tensor GroupNorm(
        Tensor x, NormWeights weights, int groups, float epsilon, Activation activation = Activation.None,
        Tensor? second = null)
    {
        using Tensor result = Allocate(Tensors.Ops.GroupNorm.ResultShape(x, second, weights, groups, activation));
        GroupNormCore(x, second, weights, groups, epsilon, activation, result);
        return result.Move();
    }

    /// <summary>
    /// x = activation(groupNorm(x)) where nobody needs x afterwards: a tensor less at the peak. The core method is
    /// given one tensor as operand and result.
    /// </summary>
    public void GroupNormInPlace(
        Tensor x, NormWeights weights, int groups, float epsilon, Activation activation = Activation.None)
    {
        Tensors.Ops.GroupNorm.ResultShape(x, second: null, weights, groups, activation);
        GroupNormCore(x, second: null, weights, groups, epsilon, activation, x);
    }

    /// <summary>Normalises every position over its channels (Ba et al. 2016), then scale and shift.</summary>
    public Tensor LayerNorm(Tensor x, NormWeights weights, float epsilon)
    {
        using Tensor result = Allocate(Tensors.Ops.LayerNorm.ResultShape(x, weights));
        LayerNormCore(x, weights, epsilon, result);
        return result.Move();
    }

    /// <summary>activation(x).</summary>
    public Tensor Activate(Tensor x, Activation activation)
    {
        using Tensor result = Allocate(Tensors.Ops.Activate.ResultShape(x, activation));
        ActivateCore(x, activation, result);
        return result.Move();
    }

    /// <summary>x + y, where y may have batch 1.</summary>
    public Tensor Add(Tensor x, Tensor y)
    {
        using Tensor result = Allocate(Tensors.Ops.Add.ResultShape(x, y));
        AddCore(x, y, result);
        return result.Move();
    }

    /// <summary>
    /// x + value · sigmoid(gate): the attention block of learned image codecs (Cheng et al. 2020, fig. 4).
    /// </summary>
    public Tensor SigmoidGate(Tensor x, Tensor value, Tensor gate)
    {
        using Tensor result = Allocate(Tensors.Ops.SigmoidGate.ResultShape(x, value, gate));
        SigmoidGateCore(x, value, gate, result);
        return result.Move();
    }

    /// <summary>Nearest-neighbour resizing to any size, with torch's rounding: floor(i · float(in)/out).</summary>
    public Tensor UpsampleNearest(Tensor x, int height, int width)
    {
        using Tensor result = Allocate(Tensors.Ops.UpsampleNearest.ResultShape(x, height, width));
        UpsampleNearestCore(x, result);
        return result.Move();
    }

    /// <summary>
    /// Rows of a table: ids of <paramref name="batch"/> equally long texts → [batch, tokens, channels].
    /// </summary>
    public Tensor Embed(ReadOnlySpan<int> ids, EmbeddingWeights table, int batch = 1)
    {
        using Tensor result = Allocate(Tensors.Ops.Embed.ResultShape(ids, table, batch));
        EmbedCore(ids, table, result);
        return result.Move();
    }

    /// <summary>
    /// For every position the code with the largest cosine, the first of equals (Yu et al. 2021, "Vector-quantized
    /// image modeling with improved VQGAN", sec. 3.2), and by how much it beats the second.
    /// </summary>
    /// <param name="x">[.., channels], of any length.</param>
    /// <param name="codebook">Codes of unit length.</param>
    /// <param name="indices">Receives one index a position.</param>
    /// <param name="margins">Receives the cosine gaps, or is empty.</param>
    public void VectorQuantize(Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins = default)
    {
        Tensors.Ops.VectorQuantize.Check(x, codebook, indices.Length, margins.Length);
        VectorQuantizeCore(x, codebook, indices, margins);
    }

    /// <summary>
    /// Copies tokens between tensors of the same batch: into a key-value cache, or out of a sequence.
    /// </summary>
    public void CopyTokens(ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
        Tensors.Ops.CopyTokens.Check(source, sourceStart, count, destination, destinationStart);
        CopyTokensCore(source, sourceStart, count, destination, destinationStart);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the arena and stops the workers.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    // Each core method is its public method after the checks.
    private protected abstract void Conv2dCore(
        Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result);

    private protected abstract void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result);

    private protected abstract void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result);

    private protected abstract void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result);

    private protected abstract void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result);

    private protected abstract void ActivateCore(Tensor x, Activation activation, Tensor result);

    private protected abstract void AddCore(Tensor x, Tensor y, Tensor result);

    private protected abstract void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result);

    private protected abstract void UpsampleNearestCore(Tensor x, Tensor result);

    private protected abstract void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result);

    private protected abstract void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins);

    private protected abstract void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart);
}
