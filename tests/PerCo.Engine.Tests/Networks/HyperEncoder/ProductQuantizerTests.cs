using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.HyperEncoder;

/// <summary>Several codebooks a position, each over its share of the channels.</summary>
public sealed class ProductQuantizerTests
{
    private const int Entries = 7, Length = 3, Positions = 10;

    [Theory]
    [InlineData("reference", 2)]
    [InlineData("cpu", 2)]
    [InlineData("reference", 8)]
    [InlineData("cpu", 8)]
    public void Each_codebook_codes_its_channels(string name, int books)
    {
        using Backend backend = NetworkBackends.Create(name);
        using var lease = new WeightLease();
        HyperEncoderConfig config = Config(books);
        HostTensor codes = Codes(books);
        var quantizer = new ProductQuantizer(
            new LayerScope(backend, new WeightScope(new InMemoryWeights("none")), lease),
            Codebook.Split(codes, config));
        float[] values = Values("features", 2 * Positions * books * Length);
        using Tensor features = backend.Upload(new Shape(2, 2, Positions / 2, books * Length), values);
        var indices = new int[2 * Positions * books];
        var margins = new float[indices.Length];
        quantizer.Quantize(features, indices, margins);

        // The plain definition: for each share of each position, the code with the largest cosine.
        float[] table = codes.ToFloats();
        for (int p = 0; p < 2 * Positions; p++)
        {
            for (int book = 0; book < books; book++)
            {
                double[] cosines = [.. Enumerable.Range(0, Entries).Select(entry => Enumerable.Range(0, Length).Sum(c =>
                    (double)values[(p * books + book) * Length + c] * table[(book * Entries + entry) * Length + c]))];
                int best = Array.IndexOf(cosines, cosines.Max());
                Assert.Equal(best, indices[p * books + book]);
                Assert.True(margins[p * books + book] > 0);
            }
        }

        Assert.Throws<ArgumentException>(() => quantizer.Quantize(features, new int[3], default));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Lookup_puts_the_shares_side_by_side(string name)
    {
        const int Books = 3;
        using Backend backend = NetworkBackends.Create(name);
        HyperEncoderConfig config = Config(Books) with { FeatureChannels = Books * Length };
        var weights = new InMemoryWeights("codes");
        float[] table = Codes(Books).ToFloats();
        weights.Add("quantizer._codebook.embed", new Shape(Books, Entries, Length), table);
        using var decoder = new HyperDecoder(backend, config, weights);
        int[] indices = [1, 2, 3, 4, 5, 6];
        using Tensor features = decoder.Lookup(indices, 1, 1, 2);
        Assert.Equal(new Shape(1, 1, 2, Books * Length), features.Shape);
        Assert.Equal(
            indices.SelectMany((code, i) => table.Skip((i % Books * Entries + code) * Length).Take(Length)),
            features.ToFloats());
        Assert.Throws<ArgumentException>(() => decoder.Lookup([1, 2, Entries, 4, 5, 6], 1, 1, 2));
    }

    [Fact]
    public void The_config_says_how_many()
    {
        ConfigReader config = ConfigReader.Parse(
            "config.json", """{"M": 12, "codebook_dim": 3, "cfg_cs": 7, "heads": 4}"""u8.ToArray());
        HyperEncoderConfig read = HyperEncoderConfig.Read(config);
        Assert.Equal(4, read.Codebooks);
        Assert.Equal(read.FeatureChannels, read.QuantiserChannels);
    }

    private static HyperEncoderConfig Config(int books) =>
        new() { CodebookSize = Entries, CodebookDim = Length, Codebooks = books };

    private static HostTensor Codes(int books)
    {
        float[] values = Values("codes", books * Entries * Length);
        for (int start = 0; start < values.Length; start += Length)
        {
            Span<float> code = values.AsSpan(start, Length);
            float norm = MathF.Sqrt(code[0] * code[0] + code[1] * code[1] + code[2] * code[2]);
            for (int c = 0; c < Length; c++)
            {
                code[c] /= norm;
            }
        }

        return HostTensor.FromFloats("codes", new Shape(books * Entries, Length), values);
    }

    private static float[] Values(string name, int count)
    {
        var random = new Random(count + name.Length);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
