using System.CommandLine;
using PerCo.Engine.Backends;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>encode: a picture becomes a .perco file.</summary>
internal static class EncodeCommand
{
    public static Command Build()
    {
        var input = new Argument<string>("picture") { Description = "PNG, JPEG or PPM file, told by its content." };
        var output = new Argument<string?>("output")
        {
            Description = "The .perco file. Default: the picture's name with .perco.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var common = new CommonOptions();
        var encoding = new EncodingOptions();
        var command = new Command(
            "encode",
            """
            Encode a picture into a .perco file.

            Examples:
              percoengine encode photo.png
              percoengine encode photo.png small.perco --caption "two parrots in front of green leaves"
              percoengine encode photo.png codes.perco --no-caption
            """)
        {
            input,
            output,
        };
        encoding.AddTo(command);
        command.Options.Add(common.Force);
        common.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(
            Run(parsed, parsed.GetValue(input)!, parsed.GetValue(output), common, encoding, cancellation)));
        return command;
    }

    private static int Run(
        ParseResult parsed, string input, string? output, CommonOptions common, EncodingOptions encoding,
        CancellationToken cancellation)
    {
        output ??= Path.ChangeExtension(input, PerCoFile.Extension);
        OutputFile.CheckFree(output, input, parsed.GetValue(common.Force));
        Image image = ImageFormats.Load(input);
        using Backend backend = common.CreateBackend(parsed);
        using PerCoModel model = common.OpenModel(parsed, backend);
        EncodeResult result = common.CreateProgress(parsed).Run(progress =>
            new PerCoEncoder(model).Encode(image, encoding.Read(parsed), progress, cancellation));
        int bytes = result.File.Save(output, parsed.GetValue(common.Force));
        if (!parsed.GetValue(common.Quiet))
        {
            double bitsPerPixel = 8.0 * bytes / image.Width / image.Height;
            Console.Error.WriteLine(
                $"{output}: {bytes} bytes ({bitsPerPixel:0.0000} bpp), {image.Width}x{image.Height}, "
                + $"{result.Stages.Sum(s => s.Seconds):0.0} s"
                + (result.File.Caption.Length > 0 ? $", \"{result.File.Caption}\"" : ", no caption"));
        }

        return ExitCode.Done;
    }
}
