using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

/// <summary>The float32 arrays of a small safetensors file, by name.</summary>
internal sealed class GoldenArrays
{
    private readonly byte[] _bytes;
    private readonly JsonElement _header;
    private readonly int _data;

    public GoldenArrays(string path)
    {
        _bytes = File.ReadAllBytes(path);
        int length = checked((int)BinaryPrimitives.ReadInt64LittleEndian(_bytes));
        _data = 8 + length;
        using JsonDocument document = JsonDocument.Parse(_bytes.AsMemory(8, length));
        _header = document.RootElement.Clone();
    }

    public IEnumerable<string> Names
        => _header.EnumerateObject().Select(p => p.Name).Where(n => n != "__metadata__");

    public float[] this[string name]
    {
        get
        {
            JsonElement entry = _header.GetProperty(name);
            Assert.Equal("F32", entry.GetProperty("dtype").GetString());
            JsonElement offsets = entry.GetProperty("data_offsets");
            Range range = (_data + offsets[0].GetInt32())..(_data + offsets[1].GetInt32());
            return MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(range)).ToArray();
        }
    }
}
