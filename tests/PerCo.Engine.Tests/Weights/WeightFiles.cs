using System.Buffers.Binary;
using System.Text;

namespace PerCo.Engine.Tests.Weights;

/// <summary>Writes the files that weights come in.</summary>
internal static class WeightFiles
{
    /// <summary>Writes length, header and data as a safetensors file has them, right or wrong.</summary>
    public static string Safetensors(
        this TemporaryFolder folder, string name, string header, params ReadOnlySpan<byte> data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var content = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(content, json.Length);
        json.CopyTo(content, 8);
        data.CopyTo(content.AsSpan(8 + json.Length));
        return folder.Bytes(name, content);
    }

    /// <summary>Writes one-byte tensors of the given keys, in order, valued 0, 1, 2 …</summary>
    public static string OneByteTensors(this TemporaryFolder folder, string name, params ReadOnlySpan<string> keys)
    {
        var header = new StringBuilder("{");
        var data = new byte[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            header.Append(i == 0 ? "" : ",");
            header.Append($$"""
                "{{keys[i]}}":{"dtype":"U8","shape":[1],"data_offsets":[{{i}},{{i + 1}}]}
                """);
            data[i] = (byte)i;
        }

        return folder.Safetensors(name, header.Append('}').ToString(), data);
    }
}
