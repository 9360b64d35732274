using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Weights;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReadsValuesShapesAndMetadata()
    {
        string path = _folder.Safetensors(
            "a.safetensors",
            """
            {"__metadata__":{"format":"pt"},
             "w":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},
             "h":{"dtype":"F16","shape":[],"data_offsets":[0,2]},
             "none":{"dtype":"I64","shape":[0,3],"data_offsets":[10,10]}}   
            """,
            [0x00, 0x3E, .. MemoryMarshal.AsBytes<float>([1.25f, -3f])]);
        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal(["h", "none", "w"], file.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.True(file.TryGet("w", out HostTensor? w));
        Assert.Equal(new Shape(2, 1), w.Shape);
        Assert.Equal([1.25f, -3f], w.ToFloats());
        Assert.Contains("'w'", w.Name, StringComparison.Ordinal);
        Assert.True(file.TryGet("h", out HostTensor? h));
        Assert.Equal([1.5f], h.ToFloats());
        Assert.True(file.TryGet("none", out HostTensor? none));
        Assert.Empty(none.ToInt64s());
        Assert.False(file.TryGet("x", out _));
    }

    [Theory]
    [InlineData("F32", ElementType.Float32, 4)]
    [InlineData("F16", ElementType.Float16, 2)]
    [InlineData("BF16", ElementType.BFloat16, 2)]
    [InlineData("F64", ElementType.Float64, 8)]
    [InlineData("I64", ElementType.Int64, 8)]
    [InlineData("I32", ElementType.Int32, 4)]
    [InlineData("I8", ElementType.Int8, 1)]
    [InlineData("U8", ElementType.UInt8, 1)]
    [InlineData("BOOL", ElementType.Bool, 1)]
    public void ReadsEveryType(string name, ElementType type, int size)
    {
        var data = new byte[3 * size];
        new Random(1).NextBytes(data);
        string path = _folder.Safetensors("a.safetensors", Header(name, "[3]", 0, 3 * size), data);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.True(file.TryGet("t", out HostTensor? tensor));
        Assert.Equal(type, tensor.Type);
        Assert.Equal(data, tensor.Bytes.ToArray());
        using System.Buffers.MemoryHandle pin = tensor.Bytes[size..].Pin();
        unsafe
        {
            Assert.Equal(data[size], *(byte*)pin.Pointer);
        }
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{", "JSON")]
    [InlineData("{} x", "JSON")]
    [InlineData("{\"\\ud800\":1}", "JSON")]
    [InlineData("""{"t":[]}""", "'t' is StartArray, expected an object")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1]}}""", "lacks one of")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", "unknown field 'more'")]
    [InlineData("""{"t":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "'dtype' twice")]
    [InlineData("""{"t":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", "type F8_E4M3")]
    [InlineData("""{"t":{"dtype":7,"shape":[4],"data_offsets":[0,4]}}""", "type Number")]
    [InlineData("""{"t":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", "shape of tensor 't' is Number")]
    [InlineData("""{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "extent 0 of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "extent 0 of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1,4294967296],"data_offsets":[0,4]}}""", "extent 1 of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", "more than 6 extents")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2147483647,2147483647,4],"data_offsets":[0,4]}}""", "elements")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2147483647],"data_offsets":[0,4]}}""", "larger than 2 GiB")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "needs 8 bytes, its offsets span 4")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "data_offsets of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", "data_offsets of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", "data_offsets of tensor 't'")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}""", "data_offsets")]
    [InlineData("""{"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "1 bytes after the last tensor")]
    [InlineData("""{"t":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""", "hole")]
    [InlineData("""{"t":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", "ends at 5")]
    [InlineData("""{"__metadata__":[]}""", "__metadata__ is StartArray")]
    [InlineData("""{"__metadata__":{"a":1}}""", "__metadata__ 'a' is Number")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "__metadata__ 'a' appears twice")]
    [InlineData(
        """{"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"t":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""",
        "'t' appears twice")]
    [InlineData(
        """{"s":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"t":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""",
        "'t' begins at 2, expected 3: it overlaps")]
    public void DamagedHeadersAreExplained(string header, string expected)
    {
        string path = _folder.Safetensors("bad.safetensors", header, 1, 2, 3, 4);
        PerCoException e = Assert.Throws<PerCoException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void InvalidUtf8IsExplained()
    {
        string path = _folder.Bytes("bad.safetensors", 4, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'"', 0xFF, (byte)'}');
        PerCoException e = Assert.Throws<PerCoException>(() => SafetensorsFile.Open(path));
        Assert.Contains("UTF-8", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTruncationIsAnError()
    {
        string path = _folder.Safetensors("whole.safetensors", Header("F32", "[2]", 0, 8), 1, 2, 3, 4, 5, 6, 7, 8);
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length++)
        {
            string cut = _folder.Bytes("cut.safetensors", whole.AsSpan(0, length));
            Assert.Throws<PerCoException>(() => SafetensorsFile.Open(cut));
        }
    }

    [Fact]
    public void FlippedBytesNeverCauseOtherExceptions()
    {
        byte[] whole = File.ReadAllBytes(
            _folder.Safetensors("whole.safetensors", Header("F32", "[2]", 0, 8), 1, 2, 3, 4, 5, 6, 7, 8));
        var random = new Random(7);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            string path = _folder.Bytes("damaged.safetensors", damaged);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (string key in file.Keys)
                {
                    Assert.True(file.TryGet(key, out HostTensor? tensor));
                    Assert.Equal(tensor.Bytes.Length, tensor.Shape.Count * tensor.Type.Size());
                }
            }
            catch (PerCoException e)
            {
                Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void AHugeClaimedHeaderAllocatesNothing()
    {
        string path = _folder.Bytes(
            "huge.safetensors", 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, (byte)'{', (byte)'}');
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<PerCoException>(() => SafetensorsFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [SkippableFact]
    public void TensorsBeyondTwoGibibytesAreRead()
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs a file system that stores no zeros by itself.");
        const long First = 2_147_483_000;
        string path = _folder.Safetensors("large.safetensors", $$$"""
            {"a":{"dtype":"U8","shape":[{{{First}}}],"data_offsets":[0,{{{First}}}]},
             "b":{"dtype":"U8","shape":[2000],"data_offsets":[{{{First}}},{{{First + 2000}}}]}}
            """);
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.SetLength(stream.Length + First + 2000);
            stream.Seek(-1, SeekOrigin.End);
            stream.WriteByte(7);
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.True(file.TryGet("b", out HostTensor? b));
        Assert.Equal(7, b.Bytes.Span[1999]);
        Assert.True(file.TryGet("a", out HostTensor? a));
        Assert.Equal(First, a.Bytes.Length);
    }

    [Fact]
    public void AMissingFileIsAnError()
    {
        string path = Path.Combine(_folder.Path, "absent.safetensors");
        PerCoException e = Assert.Throws<PerCoException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TensorsOfAClosedFileThrowInsteadOfReadingFreedMemory()
    {
        SafetensorsFile file = SafetensorsFile.Open(_folder.OneByteTensors("a.safetensors", "a"));
        Assert.True(file.TryGet("a", out HostTensor? tensor));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Bytes.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => file.TryGet("a", out _));
    }

    [Fact]
    public void OpensTheDefaultModel()
    {
        using SafetensorsFile file = SafetensorsFile.Open(
            Path.Combine(TestPaths.DefaultModel, "unet", "diffusion_pytorch_model.safetensors"));
        Assert.True(file.TryGet("conv_in_extended.weight", out HostTensor? weight));
        Assert.Equal(new Shape(48, 16 + 64, 3, 3), weight.Shape);
        Assert.All(weight.ToFloats(), v => Assert.True(float.IsFinite(v)));
    }

    private static string Header(string type, string shape, int begin, int end) => $$"""
        {"t":{"dtype":"{{type}}","shape":{{shape}},"data_offsets":[{{begin}},{{end}}]} }
        """;
}
