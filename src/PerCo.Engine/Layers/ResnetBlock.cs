using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>
/// The residual block of Stable Diffusion's autoencoder and U-Net (diffusers ResnetBlock2D): twice GroupNorm, SiLU and
/// a 3×3 convolution, with the time embedding added in between, and a 1×1 convolution on the shortcut where the
/// channels change.
/// </summary>
internal sealed class ResnetBlock
{
    private readonly GroupNorm _norm1;
    private readonly Conv2d _conv1;
    private readonly Linear? _timeProjection;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _shortcut;
    private readonly TapPoint _tap;

    /// <summary>Builds the block.</summary>
    /// <param name="scope">The block's path.</param>
    /// <param name="inputs">Input channels, those of the skip connection included.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="groups">Groups of both norms.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="timeChannels">Channels of the time embedding; 0 where there is none.</param>
    public ResnetBlock(LayerScope scope, int inputs, int outputs, int groups, float epsilon, int timeChannels = 0)
    {
        _norm1 = new GroupNorm(scope["norm1"], inputs, groups, epsilon);
        _conv1 = new Conv2d(scope["conv1"], inputs, outputs, kernel: 3, bias: true);
        _timeProjection = timeChannels > 0
            ? new Linear(scope["time_emb_proj"], timeChannels, outputs, bias: true)
            : null;
        _norm2 = new GroupNorm(scope["norm2"], outputs, groups, epsilon);
        _conv2 = new Conv2d(scope["conv2"], outputs, outputs, kernel: 3, bias: true);
        _shortcut = inputs != outputs
            ? new Conv2d(scope["conv_shortcut"], inputs, outputs, kernel: 1, bias: true)
            : null;
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, inputs] → [b, h, w, outputs].</summary>
    /// <param name="x">The input.</param>
    /// <param name="time">SiLU of the time embedding, [b, timeChannels].</param>
    /// <param name="skip">Read behind the channels of <paramref name="x"/>, instead of a concatenated copy.</param>
    public Tensor Forward(Tensor x, Tensor? time = null, Tensor? skip = null)
    {
        using var hidden = new HiddenState(_norm1.Forward(x, Activation.Silu, skip));
        Convolve(hidden, time);
        using Tensor? shortcut = _shortcut?.Forward(x, new Conv2dOperands { Second = skip });
        return Add(hidden.Value, shortcut ?? x);
    }

    /// <summary>
    /// The same for an input that nobody needs afterwards. Where the shortcut has a convolution it runs first, and the
    /// norm overwrites the input: at the autoencoder's full resolution that is a fifth of the peak.
    /// </summary>
    /// <param name="hidden">The input, which the result replaces.</param>
    /// <param name="bands">Works on large pictures row by row; null for all at once.</param>
    public void Forward(HiddenState hidden, RowBands? bands = null)
    {
        if (bands is not null && bands.Apply(hidden.Value))
        {
            ForwardByBands(hidden, bands);
            return;
        }

        if (_shortcut is null)
        {
            hidden.Next(Forward(hidden.Value));
            return;
        }

        using Tensor shortcut = _shortcut.Forward(hidden.Value);
        _norm1.ForwardInPlace(hidden.Value, Activation.Silu);
        Convolve(hidden, time: null);
        hidden.Next(Add(hidden.Value, shortcut));
    }

    // As Forward, with nothing of the picture's size but the input, which becomes the result, and the inner tensor.
    private void ForwardByBands(HiddenState hidden, RowBands bands)
    {
        Tensor inner;
        using (Tensor factors = bands.Factors(_norm1, hidden.Value))
        {
            inner = _shortcut is null
                ? bands.Convolve(hidden.Value, factors, _conv1)
                : bands.ConvolveBeside(hidden, factors, _conv1, _shortcut);
        }

        using (inner)
        {
            using Tensor factors = bands.Factors(_norm2, inner);
            bands.ConvolveOnto(inner, factors, _conv2, hidden.Value);
        }

        _tap.Report(hidden.Value);
    }

    // First convolution, with the time embedding as a bias per picture, and the second norm: [b, h, w, outputs].
    private void Convolve(HiddenState hidden, Tensor? time)
    {
        using Tensor? timeBias = time is null ? null : _timeProjection?.Forward(time);
        hidden.Next(_conv1.Forward(hidden.Value, new Conv2dOperands { ChannelBias = timeBias }));
        _norm2.ForwardInPlace(hidden.Value, Activation.Silu);
    }

    // Second convolution, onto the input: [b, h, w, outputs].
    private Tensor Add(Tensor x, Tensor shortcut) =>
        _tap.Report(_conv2.Forward(x, new Conv2dOperands { Residual = shortcut }));
}
