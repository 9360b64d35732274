using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>
/// Runs GroupNorm, SiLU and a 3×3 convolution over large pictures band by band: statistics are taken over the whole
/// picture first, and the normalised values never exist beyond a band, which stays in the cache. Bands begin where
/// Winograd's tiles do, so that the result is the same as without.
/// </summary>
internal sealed class RowBands
{
    /// <summary>Rows of the largest Winograd tile.</summary>
    private const int TileRows = 4;

    private readonly Backend _backend;
    private readonly IRowBandOps _ops;
    private readonly long _bytes;

    private RowBands(Backend backend, IRowBandOps ops, long bytes)
    {
        _backend = backend;
        _ops = ops;
        _bytes = bytes;
    }

    /// <summary>Bands of about that many bytes, or null where the backend has none.</summary>
    public static RowBands? For(Backend backend, long bytes) =>
        bytes > 0 && backend is IRowBandOps ops ? new RowBands(backend, ops, bytes) : null;

    /// <summary>Whether a tensor is one picture of several bands: with fewer, the bands take what they save.</summary>
    public bool Apply(Tensor x) => x.Shape.Batch == 1 && 3L * RowsOf(x, x) <= x.Shape.Height;

    /// <summary>Statistics over the whole picture: [1, 3, channels].</summary>
    public Tensor Factors(GroupNorm norm, Tensor x) => norm.Factors(x, _ops);

    /// <summary>conv(silu(norm(x))).</summary>
    public Tensor Convolve(Tensor x, Tensor factors, Conv2d conv)
    {
        using Tensor result = _backend.Allocate(x.Shape.WithChannels(conv.Spec.Outputs));
        int rows = RowsOf(x, result);
        for (int y = 0; y < x.Shape.Height; y += rows)
        {
            using Tensor band = Band(x, factors, conv, y, rows, residual: null);
            Store(band, result, y);
        }

        return result.Move();
    }

    /// <summary>sum += conv(silu(norm(x))).</summary>
    public void ConvolveOnto(Tensor x, Tensor factors, Conv2d conv, Tensor sum)
    {
        int rows = RowsOf(x, sum);
        for (int y = 0; y < x.Shape.Height; y += rows)
        {
            using Tensor residual = Rows(sum, y, rows);
            using Tensor band = Band(x, factors, conv, y, rows, residual);
            Store(band, sum, y);
        }
    }

    /// <summary>
    /// Returns conv(silu(norm(x))) and replaces x by shortcut(x), a 1×1 convolution. The shortcut overwrites the rows
    /// of x that have been read where it has so much fewer channels that it never catches up.
    /// </summary>
    public Tensor ConvolveBeside(HiddenState hidden, Tensor factors, Conv2d conv, Conv2d shortcut)
    {
        Tensor x = hidden.Value;
        Shape shape = x.Shape.WithChannels(shortcut.Spec.Outputs);
        using Tensor result = _backend.Allocate(x.Shape.WithChannels(conv.Spec.Outputs));
        int rows = RowsOf(x, result);

        // The next band still needs the last row of x in this one.
        bool overwrite = (long)shape.Channels * rows <= (long)x.Shape.Channels * (rows - 1);
        using Tensor beside = overwrite ? _ops.View(x, 0, shape) : _backend.Allocate(shape);
        for (int y = 0; y < x.Shape.Height; y += rows)
        {
            using Tensor band = Band(x, factors, conv, y, rows, residual: null);
            Store(band, result, y);
            using Tensor source = Rows(x, y, rows);
            using Tensor direct = shortcut.Forward(source);
            Store(direct, beside, y);
        }

        if (overwrite)
        {
            hidden.Take();
            hidden.Next(_ops.Narrow(x, shape));
        }
        else
        {
            hidden.Next(beside.Move());
        }

        return result.Move();
    }

    // Rows y … y + rows of conv(silu(norm(x))) + residual.
    private Tensor Band(Tensor x, Tensor factors, Conv2d conv, int y, int rows, Tensor? residual)
    {
        // 1. The rows that the kernel reaches; zeros only where the picture ends.
        Padding padding = conv.Spec.Padding;
        int end = Math.Min(y + rows, x.Shape.Height);
        int first = Math.Max(0, y - padding.Top), last = Math.Min(x.Shape.Height, end + padding.Bottom);
        Padding bandPadding = padding with
        {
            Top = padding.Top - (y - first),
            Bottom = padding.Bottom - (last - end),
        };

        // 2. Normalised, and convolved.
        using Tensor source = Rows(x, first, last - first);
        using Tensor normalised = _ops.NormApply(source, factors, Activation.Silu);
        return conv.Forward(normalised, new Conv2dOperands { BandPadding = bandPadding, Residual = residual });
    }

    private Tensor Rows(Tensor x, int y, int rows)
    {
        Shape s = x.Shape;
        int count = Math.Min(rows, s.Height - y);
        return _ops.View(x, (long)y * s.Width * s.Channels, new Shape(1, count, s.Width, s.Channels));
    }

    private void Store(Tensor band, Tensor destination, int y)
    {
        Shape s = band.Shape;
        _backend.CopyTokens(
            new ChannelSlice(band, 0, s.Channels), 0, s.Tokens, destination, checked(y * s.Width));
    }

    private int RowsOf(Tensor x, Tensor result)
    {
        long row = (long)x.Shape.Width * Math.Max(x.Shape.Channels, result.Shape.Channels) * sizeof(float);
        return (int)Math.Clamp(_bytes / row / TileRows * TileRows, TileRows, int.MaxValue / 2);
    }
}
