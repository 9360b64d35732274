using System.Text;

namespace PerCo.Engine.Imaging.Formats.Ppm;

/// <summary>Writes P6 with 8-bit samples. Notes are not kept: many readers stumble over comments.</summary>
internal static class PpmEncoder
{
    /// <summary>Writes a file.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="output">Where the bytes go.</param>
    public static void Encode(Image image, Stream output)
    {
        output.Write(Encoding.ASCII.GetBytes($"P6\n{image.Width} {image.Height}\n255\n"));
        output.Write(image.Pixels);
    }
}
