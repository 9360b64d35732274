using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// What the U-Net makes of the text and the codes before the first step: it is the same at every step. Made by
/// <see cref="UNet.Prepare"/>.
/// </summary>
internal sealed class UNetConditions : IDisposable
{
    internal UNetConditions(Tensor[] keysAndValues, Tensor? local, int batch, int height, int width)
    {
        KeysAndValues = keysAndValues;
        Local = local;
        Batch = batch;
        LatentHeight = height;
        LatentWidth = width;
    }

    /// <summary>Texts in the batch.</summary>
    public int Batch { get; }

    /// <summary>Rows of the latents that these conditions are for.</summary>
    public int LatentHeight { get; }

    /// <summary>Columns of the latents that these conditions are for.</summary>
    public int LatentWidth { get; }

    /// <summary>Keys and values of the text for each cross-attention, [batch, tokens, 2c].</summary>
    internal Tensor[] KeysAndValues { get; }

    /// <summary>What the codes add to the first convolution, [1 or batch, h, w, c0]; null for nothing.</summary>
    internal Tensor? Local { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in KeysAndValues)
        {
            tensor?.Dispose();
        }

        Local?.Dispose();
    }
}
