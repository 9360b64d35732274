using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>What a convolution writes, and what it adds before it does.</summary>
internal unsafe struct ConvOutput
{
    /// <summary>[picture][row][column][channel].</summary>
    public float* Values;

    /// <summary>Number of pictures.</summary>
    public int Batch;

    /// <summary>Rows.</summary>
    public int Height;

    /// <summary>Columns.</summary>
    public int Width;

    /// <summary>
    /// Rows and columns of the result from one of these to the next: 2 where they are a phase of it.
    /// </summary>
    public int Step;

    /// <summary>Channels.</summary>
    public int Channels;

    /// <summary>The pictures' biases.</summary>
    public float* Bias;

    /// <summary>Distance between the pictures' biases; 0 for one that all share.</summary>
    public long BiasStride;

    /// <summary>Added to the sums before the activation, or null.</summary>
    public float* Residual;

    /// <summary>Distance between the pictures' residuals; 0 for one that all share.</summary>
    public long ResidualStride;

    /// <summary>Applied last.</summary>
    public Activation Activation;

    /// <summary>Values from one column to the next.</summary>
    public readonly long PixelLength => (long)Step * Channels;

    /// <summary>Values from one row to the next.</summary>
    public readonly long RowLength => Step * Width * PixelLength;

    /// <summary>Values of a picture.</summary>
    public readonly long PictureLength => Height * RowLength;

    /// <summary>[channel] of a picture.</summary>
    public readonly float* BiasOf(int picture) => Bias + picture * BiasStride;

    /// <summary>Where a pixel's channels are written.</summary>
    public readonly float* At(int picture, int y, int x) => Values + picture * PictureLength + Offset(y, x);

    /// <summary>Where a pixel's channels of the residual are, or null.</summary>
    public readonly float* ResidualAt(int picture, int y, int x) =>
        Residual == null ? null : Residual + picture * ResidualStride + Offset(y, x);

    private readonly long Offset(int y, int x) => y * RowLength + x * PixelLength;
}
