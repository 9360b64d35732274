using System.Buffers;
using System.Text;

namespace PerCo.Engine.Tokenizers;

/// <summary>UTF-8 from code points.</summary>
internal static class Utf8
{
    /// <summary>Appends the UTF-8 form of Unicode scalar values.</summary>
    public static void Append(ReadOnlySpan<int> points, ArrayBufferWriter<byte> output)
    {
        foreach (int c in points)
        {
            int written = new Rune(c).EncodeToUtf8(output.GetSpan(4));
            output.Advance(written);
        }
    }
}
