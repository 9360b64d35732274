using System.IO.Compression;
using System.Text;
using PerCo.Engine.Codec.Captions;
using Xunit;
using Xunit.Abstractions;

namespace PerCo.Engine.Tests.Codec.Captions;

/// <summary>
/// Sizes of coded captions against zlib at its best level, in the rows of docs/caption-coder.md. Each row's bar is
/// checked, and the table is printed.
/// </summary>
public class CaptionTableTests(ITestOutputHelper output)
{
    [Fact]
    public void CocoLike() => Check("COCO-like", Lines("coco-like.txt"), minimumGain: 4.5);

    [Fact]
    public void NonEnglish() => Check("21 other languages", Lines("non-english.txt"), minimumGain: 1.7);

    [Fact]
    public void RandomText()
    {
        var random = new Random(5);
        Check("random printable ASCII", Make(() => (char)random.Next(0x20, 0x7F)), minimumGain: 1.15);
        Check("random Unicode (to U+D7FF)", Make(() => (char)random.Next(0x20, 0xD800)), minimumGain: 1.05);

        string[] Make(Func<char> next) =>
            [.. Enumerable.Range(0, 50).Select(_ => string.Concat(Enumerable.Range(0, 40).Select(_ => next())))];
    }

    [SkippableFact]
    public void HeldOutFlickr8k()
    {
        string[] captions = HeldOut();
        Check("Flickr8k, held out, as it is", captions, minimumGain: 6);
        // As captioners write: lower case, no full stop, no space before punctuation.
        string[] plain = [.. captions.Select(c => Plain(c))];
        Check("Flickr8k, held out, as captioners write", plain, minimumGain: 6);
    }

    private static string Plain(string caption)
    {
        string plain = caption.ToLowerInvariant();
        plain = plain.EndsWith(" .", StringComparison.Ordinal) ? plain[..^2] : plain;
        return plain.Replace(" ,", ",", StringComparison.Ordinal).Replace(" 's", "'s", StringComparison.Ordinal);
    }

    // Every twentieth picture, as tools/caption-model/make.py leaves out.
    private static string[] HeldOut()
    {
        Skip.If(TestPaths.Shared is null, "needs shared/data/flickr8k-captions.tsv, which is not here");
        var pictures = new Dictionary<string, int>();
        var captions = new List<string>();
        foreach (string line in File.ReadLines(Path.Combine(TestPaths.Shared, "data", "flickr8k-captions.tsv")))
        {
            string[] fields = line.Split('\t');
            pictures.TryAdd(fields[0], pictures.Count);
            if (pictures[fields[0]] % 20 == 19)
            {
                captions.Add(fields[1]);
            }
        }

        return [.. captions];
    }

    private static string[] Lines(string name) => File.ReadAllLines(TestPaths.Goldens("captions/" + name));

    private void Check(string name, string[] captions, double minimumGain)
    {
        long raw = 0;
        long zlib = 0;
        long ours = 0;
        int worst = int.MinValue;
        foreach (string caption in captions)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(caption);
            byte[] code = CaptionCoder.Encode(caption);
            Assert.Equal(caption, CaptionCoder.Decode(code));
            raw += utf8.Length;
            zlib += ZlibLength(utf8);
            ours += code.Length;
            worst = Math.Max(worst, code.Length - utf8.Length);
        }

        double n = captions.Length;
        double gain = (double)zlib / ours;
        output.WriteLine(
            $"| {name} | {captions.Length} | {raw / n:F1} | {zlib / n:F1} | {ours / n:F1} | {gain:F1}× | {worst} |");
        Assert.True(worst <= 1, $"{name}: {worst} bytes more than UTF-8");
        Assert.True(gain >= minimumGain, $"{name}: {gain:F2} times fewer bytes than zlib, expected {minimumGain}");
    }

    private static int ZlibLength(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return (int)packed.Length;
    }
}
