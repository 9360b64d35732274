using System.CommandLine;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>The largest picture that is accepted: a small hostile file must not take much memory.</summary>
internal sealed class PixelLimit
{
    private readonly Option<long?> _maxPixels = new Option<long?>("--max-pixels")
    {
        Description = $"Most pixels of a picture. Default: {PerCoFileLimits.Default.MaxPixels}.",
        HelpName = "N",
    }.Between(1L, 1L << 40);

    public void AddTo(Command command) => command.Options.Add(_maxPixels);

    public PerCoFileLimits ForFiles(ParseResult parsed) => parsed.GetValue(_maxPixels) is { } pixels
        ? PerCoFileLimits.Default with { MaxPixels = pixels } : PerCoFileLimits.Default;

    public ImageLimits ForPictures(ParseResult parsed) => parsed.GetValue(_maxPixels) is { } pixels
        ? ImageLimits.Default with { MaxPixels = pixels } : ImageLimits.Default;
}
