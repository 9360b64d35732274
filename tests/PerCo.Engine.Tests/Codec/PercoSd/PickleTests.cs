using PerCo.Engine.Codec.PercoSd;
using Xunit;

namespace PerCo.Engine.Tests.Codec.PercoSd;

public sealed class PickleTests
{
    // python3 -c "import pickle; print(pickle.dumps((7, 300, -5), PROTOCOL).hex())"
    [Theory]
    [InlineData("80034b074d2c014afbffffff8771002e")]
    [InlineData("8004950d000000000000004b074d2c014afbffffff87942e")]
    [InlineData("8005950d000000000000004b074d2c014afbffffff87942e")]
    public void ReadsNumbersOfEveryProtocol(string hex) =>
        Assert.Equal([7L, 300L, -5L], Assert.IsType<object[]>(Pickle.Load(Convert.FromHexString(hex))));

    // x = b"ab"; pickle.dumps({0: x, 1: x}): the second is recalled from the memo.
    [Fact]
    public void RecallsSharedValues()
    {
        var parts = Assert.IsType<Dictionary<long, object>>(
            Pickle.Load(Convert.FromHexString("80049510000000000000007d94284b0043026162944b016801752e")));
        Assert.Equal("ab"u8.ToArray(), parts[0]);
        Assert.Same(parts[0], parts[1]);
    }

    // The first two are os.system("…") as protocol 4 and as protocol 3 call it.
    [Theory]
    [InlineData("80049502000000000000008c05706f736978948c0673797374656d9493948c026c739485945294", "opcode 0x8C")]
    [InlineData("800363706f7369780a73797374656d0a2e", "opcode 0x63")] // GLOBAL
    [InlineData("80034b0152", "opcode 0x52")] // REDUCE
    [InlineData("4b012e00", "something after the value")]
    [InlineData("4b014b022e", "something after the value")]
    [InlineData("80064b012e", "protocol 6")]
    [InlineData("4b0180042e", "protocol 4")]
    [InlineData("", "0 bytes left")]
    [InlineData("42ffffffff00", "1 bytes left, expected 4294967295")]
    [InlineData("8effffffffffffffff00", "1 bytes left")]
    [InlineData("95ffffffffffffffff4b012e", "a frame that is longer than the file")]
    [InlineData("862e", "too few values")]
    [InlineData("4b01284b02862e", "too few values")]
    [InlineData("2e", "too few values")]
    [InlineData("282e", "too few values")]
    [InlineData("752e", "no mark")]
    [InlineData("28752e", "entries without a dictionary")]
    [InlineData("7d284b01752e", "entries without a dictionary")]
    [InlineData("7d4301614b01732e", "an entry that is no number")]
    [InlineData("7d714b4b016a4b000000732e", "an entry that is no number")] // a dictionary inside itself
    [InlineData("68052e", "no value 5 to recall")]
    [InlineData("2894", "nothing to remember")]
    public void EverythingElseIsRefused(string hex, string expected)
    {
        PerCoException e = Assert.Throws<PerCoException>(() => Pickle.Load(Convert.FromHexString(hex)));
        Assert.StartsWith("Pickle: byte ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ManyValuesAreRefused()
    {
        var bytes = new byte[2000];
        Array.Fill(bytes, (byte)'}');
        PerCoException e = Assert.Throws<PerCoException>(() => Pickle.Load(bytes));
        Assert.Contains("more than", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrittenPicklesAreReadBack()
    {
        var random = new Random(2);
        foreach (int length in (int[])[0, 1, 255, 256, 70_000])
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(bytes, Pickle.Load(PickleWriter.Bytes(bytes)));
        }

        Assert.Equal([5L, 65_536L], Assert.IsType<object[]>(Pickle.Load(PickleWriter.Pair(5, 65_536))));
    }

    [Fact]
    public void BombsAndDamagedCaptionsAreRefused()
    {
        byte[] bomb = CaptionZlib.Pack(new string('x', CaptionZlib.MaxBytes + 1));
        PerCoException e = Assert.Throws<PerCoException>(() => CaptionZlib.Unpack(bomb));
        Assert.Contains("longer", e.Message, StringComparison.Ordinal);
        byte[] caption = CaptionZlib.Pack("a red barn");
        caption[^1] ^= 1;
        Assert.Throws<PerCoException>(() => CaptionZlib.Unpack(caption));
        Assert.Throws<PerCoException>(() => CaptionZlib.Unpack([]));
        Assert.Throws<PerCoException>(() => CaptionZlib.Unpack([1, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Fact]
    public void TheDistributionIsTorchs()
    {
        // Uniform where V divides 65536; at 8196 the entry 1921 tells a sum in double from one in float32 (13439).
        Assert.Equal(256u * 77, new UniformCdf(256).Low(77));
        var cdf = new UniformCdf(8196);
        Assert.Equal(13440u + 1921, cdf.Low(1921));
        Assert.Equal(65536u, cdf.High(8195));
        for (int symbol = 0; symbol < cdf.Symbols; symbol++)
        {
            Assert.Equal(symbol, cdf.Find(cdf.Low(symbol)));
            Assert.Equal(symbol, cdf.Find(cdf.High(symbol) - 1));
        }
    }
}
