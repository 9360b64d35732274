using System.Buffers.Binary;
using System.Text;

namespace PerCo.Engine.Tests.Weights;

/// <summary>A folder that lives as long as a test, with writers for the files that weights come in.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("perco-test-").FullName;

    /// <summary>Writes a text file and returns its path.</summary>
    public string Text(string relative, string content)
    {
        string path = Prepare(relative);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a binary file and returns its path.</summary>
    public string Bytes(string relative, params ReadOnlySpan<byte> content)
    {
        string path = Prepare(relative);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes length, header and data as a safetensors file has them, right or wrong.</summary>
    public string Safetensors(string relative, string header, params ReadOnlySpan<byte> data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var content = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(content, json.Length);
        json.CopyTo(content, 8);
        data.CopyTo(content.AsSpan(8 + json.Length));
        return Bytes(relative, content);
    }

    /// <summary>Writes one-byte tensors of the given names, in order, valued 0, 1, 2 …</summary>
    public string OneByteTensors(string relative, params ReadOnlySpan<string> names)
    {
        var header = new StringBuilder("{");
        var data = new byte[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            header.Append(i == 0 ? "" : ",");
            header.Append($$"""
                "{{names[i]}}":{"dtype":"U8","shape":[1],"data_offsets":[{{i}},{{i + 1}}]}
                """);
            data[i] = (byte)i;
        }

        return Safetensors(relative, header.Append('}').ToString(), data);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private string Prepare(string relative)
    {
        string path = System.IO.Path.Combine(Path, relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }
}
