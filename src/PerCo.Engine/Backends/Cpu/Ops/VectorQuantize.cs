using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public override CodebookWeights PrepareCodebook(HostTensor codes) => new CpuCodebookWeights(codes);

    /// <inheritdoc/>
    private protected override void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins)
    {
        var w = (CpuCodebookWeights)codebook;
        HostStorage scratch = Arena.Rent(checked(Pool.Threads * QuantizeRows.ScratchLength(w)));
        try
        {
            fixed (float* codes = w.Codes, gaps = margins)
            fixed (int* chosen = indices)
            {
                var body = new QuantizeRows(
                    x.Values(), indices.Length, codes, w.Panels, w.Entries, w.Channels, w.ErrorBound, chosen, gaps,
                    scratch.Values);
                Pool.For(InstructionSet, SimdParallel.Items(indices.Length, QuantizeRows.Rows), body);
            }
        }
        finally
        {
            scratch.Release();
        }
    }
}

/// <summary>
/// A codebook in checkpoint layout, and by panels of 16 codes whose channels a register holds side by side.
/// </summary>
internal sealed unsafe class CpuCodebookWeights : CodebookWeights
{
    /// <summary>Codes of a panel; the widest register's lanes.</summary>
    public const int PanelCodes = 16;

    private readonly NativeBuffer _panels;

    public CpuCodebookWeights(HostTensor codes)
        : base(codes.Shape[^2], codes.Shape[^1])
    {
        Codes = codes.ToFloats();
        _panels = new NativeBuffer((long)PaddedEntries * Channels);
        double largest = 0;
        for (int entry = 0; entry < Entries; entry++)
        {
            double squares = 0;
            for (int c = 0; c < Channels; c++)
            {
                float value = Codes[entry * Channels + c];
                squares += (double)value * value;
                _panels.Values[((long)entry / PanelCodes * Channels + c) * PanelCodes + entry % PanelCodes] = value;
            }

            // Unlike a comparison, Math.Max keeps NaN.
            largest = Math.Max(largest, Math.Sqrt(squares));
        }

        // Rounding x and each of the fused sums, for vectors of length 1 and at most `largest`; doubled to be safe.
        ErrorBound = (float)(2 * (Channels + 2) * Math.ScaleB(1, -24) * largest);
    }

    /// <summary>[entries, channels].</summary>
    public float[] Codes { get; }

    /// <summary>[entries / 16][channels][16], filled up with zeros.</summary>
    public float* Panels => _panels.Values;

    /// <summary>Entries rounded up to whole panels.</summary>
    public int PaddedEntries => checked((Entries + PanelCodes - 1) / PanelCodes * PanelCodes);

    /// <summary>How far a cosine in fp32 may be from its exact value.</summary>
    public float ErrorBound { get; }

    public override long Bytes => Codes.LongLength * sizeof(float) + _panels.Bytes;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _panels.Dispose();
        }

        base.Dispose(disposing);
    }
}
