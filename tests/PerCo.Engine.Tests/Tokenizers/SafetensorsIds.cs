using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

/// <summary>Reads one int64 array of a golden file; the library's own reader is for weights: floats.</summary>
internal static class SafetensorsIds
{
    public static long[] Read(string path, string name)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        JsonElement entry = json.RootElement.GetProperty(name);
        Assert.Equal("I64", entry.GetProperty("dtype").GetString());
        int begin = entry.GetProperty("data_offsets")[0].GetInt32();
        int end = entry.GetProperty("data_offsets")[1].GetInt32();
        return MemoryMarshal.Cast<byte, long>(file.AsSpan(8 + header + begin, end - begin)).ToArray();
    }
}
