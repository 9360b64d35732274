using System.Diagnostics;
using System.Text;
using PerCo.Engine.Codec.Captions;
using PerCo.Engine.Tests.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Codec.Captions;

public class CaptionCoderTests
{
    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("  ")]
    [InlineData(".")]
    [InlineData(" .")]
    [InlineData("..")]
    [InlineData(" . .")]
    [InlineData("a .")]
    [InlineData("a . ")]
    [InlineData("a, b ,c , d,")]
    [InlineData(", a")]
    [InlineData(",")]
    [InlineData("a ,")]
    [InlineData("the dog's ball isn't the dogs' 's n't")]
    [InlineData("a man :) says \"hi\" (twice)...")]
    [InlineData("A MAN In A sUiT plays FRISBEE and Frisbee")]
    [InlineData("\n a\tdog\u0000\u007F\r\n")]
    [InlineData("\uFFFD\uFFFF\U0010FFFF\uD7FF\uE000")]
    [InlineData("É É éÀ ÀÉ Éa aÉ")]
    [InlineData("word1 2nd 10:30 50% U.S. a.m. http://x.org/?a=b&c")]
    [InlineData("Ein Hund läuft — schnell!")]
    [InlineData("一只狗，跑。 犬 犬")]
    [InlineData("👩‍👩‍👧‍👦 🏳️‍🌈 🐶")]
    [InlineData("\uFEFFa")]
    public void RoundTripIsExact(string caption)
    {
        byte[] code = CaptionCoder.Encode(caption);
        Assert.Equal(caption, CaptionCoder.Decode(code));
        Assert.True(code.Length <= Encoding.UTF8.GetByteCount(caption) + 1);
    }

    [Fact]
    public void RandomTextsRoundTripWithinOneByteOfUtf8()
    {
        var random = new Random(11);
        string[] pieces = ["a", " dog", "Dog", "'s", ",", " ,", ".", " .", "\u00E9", " ", "FRISBEE", "\u042F", "犬"];
        for (int i = 0; i < 400; i++)
        {
            string caption = i % 2 == 0
                ? TokenizerCases.RandomText(random, random.Next(30))
                : string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => pieces[random.Next(pieces.Length)]));
            byte[] code = CaptionCoder.Encode(caption);
            Assert.Equal(caption, CaptionCoder.Decode(code));
            Assert.True(code.Length <= Encoding.UTF8.GetByteCount(caption) + 1, caption);
        }
    }

    /// <summary>The format's promise: these bytes mean these captions for ever.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("FF2E", ".")]
    [InlineData("FF61", "a")]
    [InlineData("00C6", "a dog is running through the grass")]
    [InlineData("54CE84184A", "a giraffe standing next to a tree in a field")]
    [InlineData("F48E612136E8", "A black dog , and a spotted dog are fighting .")]
    [InlineData("E66E756E563BF233B78E02FC869CCE10", "Anna's FRISBEE, at 10:30.")]
    [InlineData("C2CB8E97C66BF34815A463617F5B73", "un chien à la plage")]
    [InlineData("C70EF6C0E1447D4E30E665F4796A5661B455", "собака бежит по траве")]
    [InlineData("C6F8467FBFA73E2C69D9EF773C01847A", "一只狗在草地上奔跑")]
    [InlineData("86B91D6C421D", "dog 🐶🐶")]
    [InlineData("FF01020304", "\u0001\u0002\u0003\u0004")]
    [InlineData("99B924A283992EDE178A",
        "two parrots standing next to each other with leaves in the background")]
    public void CodesAreFrozen(string hex, string caption)
    {
        Assert.Equal(caption, CaptionCoder.Decode(Convert.FromHexString(hex)));
        Assert.Equal(hex, Convert.ToHexString(CaptionCoder.Encode(caption)));
    }

    [Fact]
    public void TheModelIsFrozen()
    {
        string path = Path.Combine(
            TestPaths.Root, "src", "PerCo.Engine", "Codec", "Captions", "caption-model.bin");
        byte[] model = File.ReadAllBytes(path);
        Assert.True(model.Length <= 2 << 20);
        Assert.Equal(
            "534617F0123C77CE6CD43C346A47EEE2D59F8E4F29E5C69F2326513F4F6CACFC",
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(model)));
    }

    [Fact]
    public void AnyBytesDecodeOrAreAnError()
    {
        var random = new Random(17);
        var watch = Stopwatch.StartNew();
        int decoded = 0;
        for (int i = 0; i < 600; i++)
        {
            byte[] bytes = new byte[random.Next(i % 50 == 0 ? 400 : 24)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 3 == 0)
            {
                bytes.AsSpan(1).Fill(bytes[0]);
            }

            try
            {
                string caption = CaptionCoder.Decode(bytes);
                Assert.True(Encoding.UTF8.GetByteCount(caption) <= CaptionCoder.MaxBytes);
                Assert.Equal(caption, CaptionCoder.Decode(CaptionCoder.Encode(caption)));
                decoded++;
            }
            catch (PerCoException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        Assert.True(decoded > 100, $"only {decoded} decoded");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"took {watch.Elapsed}");
    }

    [Fact]
    public void EveryBrokenCodeOfARealCaptionDecodesOrIsAnError()
    {
        byte[] code = CaptionCoder.Encode("two parrots, Anna's, stehen 東京 nebeneinander");
        for (int i = 0; i < 8 * code.Length; i++)
        {
            byte[] broken = [.. code];
            broken[i / 8] ^= (byte)(1 << (i % 8));
            Assert.Null(Record.Exception(() => CaptionCoder.Decode(broken)) is PerCoException or null ? null : "other");
            Assert.Null(Record.Exception(() => CaptionCoder.Decode(code.AsSpan(0, i / 8))) is PerCoException or null
                ? null : "other");
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData(" ")]
    [InlineData(",")]
    [InlineData("a ")]
    [InlineData("犬")]
    [InlineData("é ")]
    [InlineData("\U0001F436")]
    public void LongestCaptionsAreCodedAndLongerOnesRefused(string unit)
    {
        int count = CaptionCoder.MaxBytes / Encoding.UTF8.GetByteCount(unit);
        string longest = string.Concat(Enumerable.Repeat(unit, count));
        Assert.Equal(longest, CaptionCoder.Decode(CaptionCoder.Encode(longest)));
        var e = Assert.Throws<PerCoException>(() => CaptionCoder.Encode(longest + unit));
        Assert.Contains("expected at most 4096", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HalfASurrogatePairIsAnError()
    {
        foreach (string caption in new[] { "a\uD83D", "\uDC36 b" })
        {
            var e = Assert.Throws<PerCoException>(() => CaptionCoder.Encode(caption));
            Assert.Contains("surrogate", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RawBytesMustBeUtf8AndCodesBounded()
    {
        Assert.Equal("é", CaptionCoder.Decode([0xFF, 0xC3, 0xA9]));
        Assert.Throws<PerCoException>(() => CaptionCoder.Decode([0xFF, 0xC3]));
        Assert.Throws<PerCoException>(() => CaptionCoder.Decode([0xFF, 0xED, 0xA0, 0x80]));
        Assert.Throws<PerCoException>(() => CaptionCoder.Decode(new byte[CaptionCoder.MaxBytes + 2]));
    }

    [Fact]
    public void OtherBytesBehindTheEndOfACodeAreAnError()
    {
        byte[] code = CaptionCoder.Encode("a dog runs through the grass");
        var e = Assert.Throws<PerCoException>(() => CaptionCoder.Decode([.. code, .. new byte[8], 1]));
        Assert.Contains("expected nothing behind it", e.Message, StringComparison.Ordinal);
    }

    /// <summary>The decoder reads ahead of the last symbol: what it has read there belongs to the code too.</summary>
    [Theory]
    [InlineData("a")] // as UTF-8
    [InlineData("a dog runs through the grass")]
    [InlineData("Ein Hügel, 日本")]
    public void ACaptionHasOneCode(string caption)
    {
        byte[] code = CaptionCoder.Encode(caption);
        IEnumerable<byte[]> longer = Enumerable.Range(0, 9).Select(zeros => (byte[])[.. code, .. new byte[zeros], 1]);
        IEnumerable<byte[]> others = Enumerable.Range(0, 256).Where(last => last != code[^1])
            .Select(last => (byte[])[.. code[..^1], (byte)last]);
        foreach (byte[] other in longer.Concat(others))
        {
            try
            {
                Assert.NotEqual(caption, CaptionCoder.Decode(other));
            }
            catch (PerCoException)
            {
                // No code at all.
            }
        }
    }

    [Fact]
    public void ZerosAtTheEndOfACodeChangeNothing()
    {
        byte[] code = CaptionCoder.Encode("a dog runs through the grass");
        Assert.NotEqual(0, code[^1]);
        Assert.Equal("a dog runs through the grass", CaptionCoder.Decode([.. code, 0, 0]));
    }
}
