using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Trials;

/// <summary>Makes the trials of each op; factors keep results near 1.</summary>
internal static class OpTrialFactory
{
    private const float Epsilon = 1e-5f;

    /// <summary>
    /// batch × height × width × inputs → outputs; down-sampled by a stride, or up-sampled while reading.
    /// </summary>
    public static OpTrial Conv2d(
        int batch, int height, int width, int inputs, int outputs, int kernel = 3, int stride = 1, int upsample = 1,
        int second = 0, bool residual = false, bool channelBias = false, Activation activation = Activation.None)
    {
        var spec = new Conv2dSpec(inputs + second, outputs, kernel, kernel, stride, Padding.All(kernel / 2))
        {
            Doubles = upsample == 2,
        };
        int resultHeight = Tensors.Ops.Conv2d.ResultExtent(height * upsample, kernel, stride, kernel / 2 * 2);
        int resultWidth = Tensors.Ops.Conv2d.ResultExtent(width * upsample, kernel, stride, kernel / 2 * 2);
        double results = (double)batch * resultHeight * resultWidth * outputs;
        double weights = (double)spec.Inputs * outputs * kernel * kernel;
        string shape = $"{batch}x{height}x{width}x{inputs}{(second > 0 ? $"+{second}" : "")}->{outputs} k{kernel} "
            + $"s{stride}{(upsample > 1 ? $" up{upsample}" : "")}{(residual ? " residual" : "")}"
            + $"{(channelBias ? " time" : "")}{Text(activation)}";
        double values = (double)batch * height * width * spec.Inputs + weights + results * (residual ? 2 : 1);
        return new OpTrial("Conv2d", shape, OpTolerance.Sum, results * spec.Inputs * kernel * kernel * 2, values, o =>
        {
            ConvWeights prepared = o.Own(o.Backend.PrepareConv2d(
                spec,
                TrialOperands.Weight(
                    "w", MathF.Sqrt(3f / (spec.Inputs * kernel * kernel)), outputs, spec.Inputs, kernel, kernel),
                TrialOperands.Weight("b", 1, outputs)));
            Tensor x = o.Random("x", 1, batch, height, width, inputs);
            var operands = new Conv2dOperands
            {
                Second = second > 0 ? o.Random("second", 1, batch, height, width, second) : null,
                UpsampleHeight = upsample > 1 ? height * upsample : 0,
                UpsampleWidth = upsample > 1 ? width * upsample : 0,
                Residual = residual ? o.Random("r", 1, batch, resultHeight, resultWidth, outputs) : null,
                ChannelBias = channelBias ? o.Random("t", 1, batch, outputs) : null,
                Activation = activation,
            };
            return () => o.Backend.Conv2d(x, prepared, operands);
        });
    }

    /// <summary>rows × inputs → outputs.</summary>
    public static OpTrial Linear(
        int rows, int inputs, int outputs, Activation activation = Activation.None, bool residual = false)
    {
        var spec = new LinearSpec(inputs, outputs, activation);
        double results = (double)rows * spec.ResultFeatures;
        double values = (double)rows * inputs + (double)inputs * outputs + results * (residual ? 2 : 1);
        string shape = $"{rows}x{inputs}->{outputs}{(residual ? " residual" : "")}{Text(activation)}";
        return new OpTrial("Linear", shape, OpTolerance.Sum, 2.0 * rows * inputs * outputs, values, o =>
        {
            LinearWeights prepared = o.Own(o.Backend.PrepareLinear(
                spec,
                TrialOperands.Weight("w", MathF.Sqrt(3f / inputs), outputs, inputs),
                TrialOperands.Weight("b", 1, outputs)));
            Tensor x = o.Random("x", 1, 1, rows, inputs);
            Tensor? r = residual ? o.Random("r", 1, 1, rows, spec.ResultFeatures) : null;
            return () => o.Backend.Linear(x, prepared, r);
        });
    }

    /// <summary>batch × heads × queries × keys × channels of a head.</summary>
    public static OpTrial Attention(int batch, int heads, int queries, int keys, int channels, bool causal = false)
    {
        int width = heads * channels;
        var spec = new AttentionSpec(heads, 1 / MathF.Sqrt(channels)) { Causal = causal, Upcast = true };
        string shape = $"{batch}x{heads}x{queries}x{keys}x{channels}{(causal ? " causal" : "")}";
        return new OpTrial(
            "Attention", shape, OpTolerance.Attention, 4.0 * batch * width * queries * keys,
            (double)batch * width * (2L * queries + 2L * keys), o =>
        {
            Tensor q = o.Random("q", 2, batch, queries, width);
            Tensor kv = o.Random("kv", 2, batch, keys, 2 * width);
            return () => o.Backend.Attention(
                q, new ChannelSlice(kv, 0, width), new ChannelSlice(kv, width, width), spec);
        });
    }

    /// <summary>GroupNorm, with SiLU as in every residual block.</summary>
    public static OpTrial GroupNorm(int batch, int height, int width, int channels, int groups, int second = 0)
    {
        double count = (double)batch * height * width * (channels + second);
        string shape = $"{batch}x{height}x{width}x{channels}{(second > 0 ? $"+{second}" : "")} g{groups} silu";
        return new OpTrial("GroupNorm", shape, OpTolerance.Norm, 0, 3 * count, o =>
        {
            NormWeights weights = o.Own(o.Backend.PrepareNorm(
                TrialOperands.Weight("scale", 1, channels + second),
                TrialOperands.Weight("shift", 1, channels + second)));
            Tensor x = o.Random("x", 2, batch, height, width, channels);
            Tensor? behind = second > 0 ? o.Random("second", 2, batch, height, width, second) : null;
            return () => o.Backend.GroupNorm(x, weights, groups, Epsilon, Activation.Silu, behind);
        });
    }

    /// <summary>GroupNorm in the two steps that bands of rows need; the reference takes one.</summary>
    public static OpTrial GroupNormInSteps(int batch, int height, int width, int channels, int groups) => new(
        "GroupNorm", $"{batch}x{height}x{width}x{channels} g{groups} silu, in steps", OpTolerance.Norm, 0,
        3.0 * batch * height * width * channels, o =>
    {
        NormWeights weights = o.Own(o.Backend.PrepareNorm(
            TrialOperands.Weight("scale", 1, channels), TrialOperands.Weight("shift", 1, channels)));
        Tensor x = o.Random("x", 2, batch, height, width, channels);
        return () =>
        {
            if (o.Backend is ReferenceBackend or not IRowBandOps)
            {
                return o.Backend.GroupNorm(x, weights, groups, Epsilon, Activation.Silu);
            }

            var bands = (IRowBandOps)o.Backend;
            using Tensor factors = bands.NormFactors(x, weights, groups, Epsilon);
            return bands.NormApply(x, factors, Activation.Silu);
        };
    });

    /// <summary>LayerNorm of rows.</summary>
    public static OpTrial LayerNorm(int rows, int channels) => new(
        "LayerNorm", $"{rows}x{channels}", OpTolerance.Norm, 0, 2.0 * rows * channels, o =>
    {
        NormWeights weights = o.Own(o.Backend.PrepareNorm(
            TrialOperands.Weight("scale", 1, channels), TrialOperands.Weight("shift", 1, channels)));
        Tensor x = o.Random("x", 2, 1, rows, channels);
        return () => o.Backend.LayerNorm(x, weights, Epsilon);
    });

    /// <summary>An activation on its own.</summary>
    public static OpTrial Activate(int rows, int channels, Activation activation) => new(
        "Activate", $"{rows}x{channels}{Text(activation)}", OpTolerance.Elementwise, 0, 2.0 * rows * channels, o =>
    {
        Tensor x = o.Random("x", 4, 1, rows, channels);
        return () => o.Backend.Activate(x, activation);
    });

    /// <summary>A sum; y for all of the batch.</summary>
    public static OpTrial Add(int batch, int rows, int channels) => new(
        "Add", $"{batch}x{rows}x{channels}", OpTolerance.Elementwise, 0, (2.0 * batch + 1) * rows * channels, o =>
    {
        Tensor x = o.Random("x", 1, batch, rows, channels), y = o.Random("y", 1, 1, rows, channels);
        return () => o.Backend.Add(x, y);
    });

    /// <summary>x + value · sigmoid(gate).</summary>
    public static OpTrial SigmoidGate(int rows, int channels) => new(
        "SigmoidGate", $"{rows}x{channels}", OpTolerance.Elementwise, 0, 4.0 * rows * channels, o =>
    {
        Tensor x = o.Random("x", 1, 1, rows, channels), value = o.Random("value", 1, 1, rows, channels);
        Tensor gate = o.Random("gate", 4, 1, rows, channels);
        return () => o.Backend.SigmoidGate(x, value, gate);
    });

    /// <summary>Nearest-neighbour resizing.</summary>
    public static OpTrial UpsampleNearest(int height, int width, int channels, int toHeight, int toWidth) => new(
        "UpsampleNearest", $"{height}x{width}x{channels}->{toHeight}x{toWidth}", new OpTolerance(0, 0), 0,
        ((double)height * width + (double)toHeight * toWidth) * channels, o =>
    {
        Tensor x = o.Random("x", 1, 1, height, width, channels);
        return () => o.Backend.UpsampleNearest(x, toHeight, toWidth);
    });

    /// <summary>Rows of a table.</summary>
    public static OpTrial Embed(int tokens, int entries, int channels) => new(
        "Embed", $"{tokens} of {entries}x{channels}", OpTolerance.Elementwise, 0, 2.0 * tokens * channels, o =>
    {
        EmbeddingWeights table = o.Own(o.Backend.PrepareEmbedding(TrialOperands.Weight("table", 1, entries, channels)));
        int[] ids = [.. Enumerable.Range(0, tokens).Select(token => token * 7919 % entries)];
        return () => o.Backend.Embed(ids, table);
    });

    /// <summary>Nearest codes; the result is the codes that were found, so that a wrong index shows.</summary>
    public static OpTrial VectorQuantize(int rows, int channels, int entries) => new(
        "VectorQuantize", $"{rows}x{channels} of {entries}", OpTolerance.Sum, 2.0 * rows * channels * entries,
        (double)rows * channels + (double)entries * channels, o =>
    {
        float[] codes = UnitRows(TrialOperands.Values("codes", (long)entries * channels), channels);
        CodebookWeights prepared = o.Own(o.Backend.PrepareCodebook(
            HostTensor.FromFloats("codes", new Shape(entries, channels), codes)));
        Tensor x = o.Random("x", 1, 1, rows, channels);
        var indices = new int[rows];
        return () =>
        {
            o.Backend.VectorQuantize(x, prepared, indices);
            return o.Backend.Upload(
                new Shape(1, rows, channels),
                [.. indices.SelectMany(index => codes[(index * channels)..((index + 1) * channels)])]);
        };
    });

    /// <summary>One token into a key-value cache.</summary>
    public static OpTrial CopyTokens(int tokens, int channels) => new(
        "CopyTokens", $"1 into {tokens}x{channels}", new OpTolerance(0, 0), 0, 2.0 * channels, o =>
    {
        Tensor x = o.Random("x", 1, 1, 1, 3 * channels);
        return () =>
        {
            // The cache is the result: what was in it must stay.
            Tensor cache = o.Backend.Upload(
                new Shape(1, tokens, channels), new float[(long)tokens * channels]);
            o.Backend.CopyTokens(new ChannelSlice(x, channels, channels), 0, 1, cache, tokens / 2);
            return cache;
        };
    });

    /// <summary>
    /// Some denoising steps with guidance, the second and later ones recorded, for a network that adds a constant: the
    /// sample, and behind it its largest magnitude.
    /// </summary>
    public static OpTrial DenoiseStep(int height, int width, int channels) => new(
        OpSupport.DenoiseStep, $"2x{height}x{width}x{channels}", OpTolerance.Elementwise, 0,
        6.0 * height * width * channels, o =>
    {
        const int Rows = 2, Steps = 3;
        const float InputScale = 0.5f;
        float[] weights = [-1, 2];
        var step = new DenoiseStep(0.9f, -0.4f, 1.5f, 0.6f, 0.3f, 0.2f);
        Tensor shift = o.Random("shift", 1, Rows, height, width, channels);
        float[] noise = TrialOperands.Values("noise", (long)height * width * channels);
        return () =>
        {
            float[] sample = [.. noise, 0];
            Span<float> values = sample.AsSpan(0, noise.Length);
            sample[^1] = o.Backend is IStepOps device ? OnDevice(device, values) : OnHost(values);
            return o.Backend.Upload(new Shape(1, sample.Length, 1), sample);
        };

        float OnDevice(IStepOps device, Span<float> sample)
        {
            using IDenoisingRun run = device.StartRun(
                shift.Shape, Rows, 1, (x, _) => o.Backend.Add(x, shift));
            run.Begin(sample, 1);
            float largest = 0;
            for (int i = 0; i < Steps; i++)
            {
                largest = run.Step([0], step, InputScale, weights);
            }

            run.Read(sample);
            return largest;
        }

        float OnHost(Span<float> sample)
        {
            float[] shifts = shift.ToFloats(), guided = new float[sample.Length];
            for (int i = 0; i < Steps; i++)
            {
                for (int at = 0; at < guided.Length; at++)
                {
                    float input = sample[at] * (i == 0 ? 1 : InputScale);
                    guided[at] = (weights[0] * (input + shifts[at]))
                        + (weights[1] * (input + shifts[guided.Length + at]));
                }

                step.Apply(guided, sample);
            }

            return Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude<float>(sample));
        }
    });

    private static string Text(Activation activation) =>
        activation == Activation.None ? "" : " " + activation.ToString().ToLowerInvariant();

    private static float[] UnitRows(float[] values, int channels)
    {
        for (int row = 0; row < values.Length; row += channels)
        {
            Span<float> code = values.AsSpan(row, channels);
            float length = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares(code));
            System.Numerics.Tensors.TensorPrimitives.Divide(code, length, code);
        }

        return values;
    }
}
