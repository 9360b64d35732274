using System.Text.Json;
using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Codec.PercoSd;

public sealed class PercoSdFileTests
{
    public static TheoryData<string> Rates => [.. PublishedRate.All.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Rates))]
    public void ReadsWhatPercoSdWrote(string rate)
    {
        PercoSdFile file = PercoSdFile.Parse(Golden(rate));
        JsonElement expected = Case(rate);
        Assert.Equal(rate, file.Rate.Name);
        Assert.Equal(expected.GetProperty("height").GetInt32(), file.Height);
        Assert.Equal(expected.GetProperty("width").GetInt32(), file.Width);
        Assert.Equal(expected.GetProperty("caption").GetString(), file.Caption);
        using SafetensorsFile io = SafetensorsFile.Open(TestPaths.Goldens("bitstreams/io.safetensors"));
        Assert.True(io.TryGet(rate + ".indices", out HostTensor? indices));
        Assert.Equal(new Shape(1, file.Rows, file.Columns), indices.Shape);
        Assert.Equal(indices.ToInt64s(), file.Indices.Select(i => (long)i));
    }

    // zlib's output differs between implementations, so the caption's bytes are compared after unpacking only.
    [Theory]
    [MemberData(nameof(Rates))]
    public void WritesThePicklesThatPercoSdWrites(string rate)
    {
        byte[] original = Golden(rate);
        PercoSdFile file = PercoSdFile.Parse(original);
        byte[] written = file.ToBytes();
        var theirs = Assert.IsType<Dictionary<long, object>>(Pickle.Load(original));
        var ours = Assert.IsType<Dictionary<long, object>>(Pickle.Load(written));
        Assert.Equal((byte[])theirs[1], (byte[])ours[1]);
        Assert.Equal((byte[])theirs[2], (byte[])ours[2]);
        Assert.Equal(
            CaptionZlib.Unpack((byte[])Pickle.Load((byte[])theirs[0])),
            CaptionZlib.Unpack((byte[])Pickle.Load((byte[])ours[0])));
        Assert.Equal(original, PickleWriter.Dictionary((byte[])theirs[0], (byte[])ours[1], (byte[])ours[2]));
    }

    [Theory]
    [MemberData(nameof(Rates))]
    public void RandomFilesSurvive(string rate)
    {
        var random = new Random(5);
        PublishedRate published = PublishedRate.All.Single(r => r.Name == rate);
        foreach ((int height, int width) in ((int, int)[])[(512, 512), (64, 64), (130, 200), (704, 1280)])
        {
            int count = (height / published.Stride) * (width / published.Stride);
            var file = new PercoSdFile
            {
                Width = width,
                Height = height,
                Rate = published,
                Caption = "naïve ☕ 🐶 " + new string('x', random.Next(300)),
                Indices = [.. Enumerable.Range(0, count).Select(_ => random.Next(published.Codebook))],
            };
            PercoSdFile read = PercoSdFile.Parse(file.ToBytes(), published);
            Assert.Equal(file.Indices, read.Indices);
            Assert.Equal(file.Caption, read.Caption);
            Assert.Equal((width, height), (read.Width, read.Height));
        }
    }

    [Fact]
    public void ASizeThatFitsNoRateIsAnError()
    {
        PercoSdFile file = PercoSdFile.Parse(Golden("0.0019"));
        byte[] bytes = PickleWriter.Dictionary(
            PickleWriter.Bytes(CaptionZlib.Pack(file.Caption)),
            PickleWriter.Bytes(new byte[100]),
            PickleWriter.Pair(512, 512));
        Assert.Contains(
            "512x512 pixels and 100 bytes of codes fit none of the rates",
            Assert.Throws<PerCoException>(() => PercoSdFile.Parse(bytes)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AWrongRateIsAnError() =>
        Assert.Throws<PerCoException>(() => PercoSdFile.Parse(Golden("0.0019"), PublishedRate.All[0]));

    [Fact]
    public void IndicesThatDoNotFitAreTheCallersMistake()
    {
        PercoSdFile file = PercoSdFile.Parse(Golden("0.0019"));
        Assert.Throws<ArgumentException>(() => (file with { Width = 1024 }).ToBytes());
        Assert.Throws<ArgumentException>(() => (file with { Indices = [256, .. file.Indices.Skip(1)] }).ToBytes());
    }

    [Fact]
    public void EveryTruncationAndManyFlipsAreErrorsOrEqual()
    {
        byte[] whole = Golden("0.0019");
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<PerCoException>(() => PercoSdFile.Parse(whole.AsSpan(0, length)));
        }

        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                PercoSdFile file = PercoSdFile.Parse(damaged);
                Assert.All(file.Indices, index => Assert.InRange(index, 0, file.Rate.Codebook - 1));
            }
            catch (PerCoException)
            {
                // What damaged files are meant to end in; any other exception fails the test.
            }
        }
    }

    private static byte[] Golden(string rate) => File.ReadAllBytes(TestPaths.Goldens($"bitstreams/{rate}.pkl"));

    private static JsonElement Case(string rate)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Goldens("bitstreams/case.json")));
        return json.RootElement.Clone().GetProperty("cases").EnumerateArray()
            .Single(c => c.GetProperty("file").GetString() == rate + ".pkl");
    }
}
