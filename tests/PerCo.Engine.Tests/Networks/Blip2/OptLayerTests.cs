using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Layers;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.Blip2;

/// <summary>
/// OPT's layer in all its variants against the formulas, written out here; the reference cases have the common one.
/// </summary>
public sealed class OptLayerTests
{
    private const int Tokens = 5;
    private const int Hidden = 8;
    private const int Inner = 12;
    private const int Heads = 2;

    [Theory]
    [InlineData(true, true, 5)]
    [InlineData(true, false, 3)]
    [InlineData(false, true, 1)]
    [InlineData(false, false, 4)]
    public void EveryVariantAndEverySplitOfTheSequence(bool normBefore, bool bias, int first)
    {
        var config = new OptConfig
        {
            HiddenSize = Hidden,
            IntermediateSize = Inner,
            Heads = Heads,
            Layers = 1,
            NormBefore = normBefore,
            Bias = bias,
        };
        InMemoryWeights weights = Weights(bias);
        float[] input = SyntheticTensors.Tensor("input", new Shape(Tokens, Hidden));
        using var backend = new ReferenceBackend();
        using var lease = new WeightLease();
        var scope = new WeightScope(weights);
        var layer = new OptLayer(new LayerScope(backend, scope, lease), config);
        scope.RequireAllUsed();
        using var cache = new KeyValueCache(backend, config, Tokens);

        var result = new List<float>();
        foreach ((int start, int end) in new[] { (0, first), (first, Tokens) })
        {
            if (end > start)
            {
                using Tensor x = backend.Upload(
                    new Shape(1, end - start, Hidden), input.AsSpan(start * Hidden, (end - start) * Hidden));
                using Tensor y = layer.Forward(x, cache[0], start);
                result.AddRange(y.ToFloats());
            }
        }

        Tolerance.Sum.Check(Expected(weights, input, normBefore), result.ToArray());
    }

    private static InMemoryWeights Weights(bool bias)
    {
        var weights = new InMemoryWeights("layer");
        (string Name, int Outputs, int Inputs)[] matrices =
        [
            ("self_attn.q_proj", Hidden, Hidden), ("self_attn.k_proj", Hidden, Hidden),
            ("self_attn.v_proj", Hidden, Hidden), ("self_attn.out_proj", Hidden, Hidden),
            ("fc1", Inner, Hidden), ("fc2", Hidden, Inner),
        ];
        foreach ((string name, int outputs, int inputs) in matrices)
        {
            Add($"{name}.weight", new Shape(outputs, inputs));
            if (bias)
            {
                Add($"{name}.bias", new Shape(outputs));
            }
        }

        foreach (string name in new[] { "self_attn_layer_norm", "final_layer_norm" })
        {
            Add($"{name}.weight", new Shape(Hidden));
            Add($"{name}.bias", new Shape(Hidden));
        }

        return weights;

        void Add(string key, Shape shape) => weights.Add(key, shape, SyntheticTensors.Parameter(key, shape));
    }

    // transformers, modeling_opt.py, OPTDecoderLayer.forward, in double precision.
    private static float[] Expected(InMemoryWeights weights, float[] input, bool normBefore)
    {
        double[][] x = [.. Enumerable.Range(0, Tokens).Select(
            t => input[(t * Hidden)..((t + 1) * Hidden)].Select(v => (double)v).ToArray())];
        double[][] a = normBefore ? Each(x, v => Norm("self_attn_layer_norm", v)) : x;
        double[][] q = Each(a, v => Linear("self_attn.q_proj", v));
        double[][] k = Each(a, v => Linear("self_attn.k_proj", v));
        double[][] values = Each(a, v => Linear("self_attn.v_proj", v));
        double[][] attended = [.. Enumerable.Range(0, Tokens).Select(t => Linear("self_attn.out_proj", Attend(t)))];
        double[][] h = [.. x.Zip(attended, Sum)];
        h = normBefore ? h : Each(h, v => Norm("self_attn_layer_norm", v));
        double[][] b = normBefore ? Each(h, v => Norm("final_layer_norm", v)) : h;
        b = Each(b, v => Linear("fc2", [.. Linear("fc1", v).Select(e => Math.Max(e, 0))]));
        h = [.. h.Zip(b, Sum)];
        h = normBefore ? h : Each(h, v => Norm("final_layer_norm", v));
        return [.. h.SelectMany(v => v).Select(v => (float)v)];

        double[] Attend(int t)
        {
            const int Size = Hidden / Heads;
            var result = new double[Hidden];
            for (int head = 0; head < Hidden; head += Size)
            {
                double[] weight = [.. Enumerable.Range(0, t + 1).Select(j => Math.Exp(
                    Enumerable.Range(head, Size).Sum(c => q[t][c] * k[j][c]) / Math.Sqrt(Size)))];
                for (int c = head; c < head + Size; c++)
                {
                    result[c] = Enumerable.Range(0, t + 1).Sum(j => weight[j] * values[j][c]) / weight.Sum();
                }
            }

            return result;
        }

        double[] Linear(string name, double[] v)
        {
            float[] matrix = NetworkGolden.Floats(weights, name + ".weight");
            float[] bias = weights.TryGet(name + ".bias", out HostTensor? tensor)
                ? tensor.ToFloats()
                : new float[matrix.Length / v.Length];
            return [.. bias.Select((start, o) => start + v.Select((e, i) => e * matrix[o * v.Length + i]).Sum())];
        }

        double[] Norm(string name, double[] v)
        {
            float[] scale = NetworkGolden.Floats(weights, name + ".weight");
            float[] shift = NetworkGolden.Floats(weights, name + ".bias");
            double mean = v.Average(), deviation = Math.Sqrt(v.Average(e => (e - mean) * (e - mean)) + 1e-5);
            return [.. v.Select((e, i) => (e - mean) / deviation * scale[i] + shift[i])];
        }
    }

    private static double[][] Each(double[][] rows, Func<double[], double[]> function) => [.. rows.Select(function)];

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (l, r) => l + r)];
}
