using System.CommandLine;
using PerCo.Engine.Backends;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>decode: a .perco file becomes a picture.</summary>
internal static class DecodeCommand
{
    public static Command Build()
    {
        var input = new Argument<string>("file") { Description = "The .perco file." };
        var output = new Argument<string?>("output")
        {
            Description = "The picture, .png or .ppm. Default: the file's name with .png.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var common = new CommonOptions();
        var decoding = new DecodingOptions();
        var command = new Command(
            "decode",
            """
            Draw the picture of a .perco file.

            Examples:
              percoengine decode photo.perco
              percoengine decode photo.perco photo.png --seed 7 --steps 10
            """)
        {
            input,
            output,
        };
        decoding.AddTo(command);
        command.Options.Add(common.Force);
        common.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(
            Run(parsed, parsed.GetValue(input)!, parsed.GetValue(output), common, decoding, cancellation)));
        return command;
    }

    private static int Run(
        ParseResult parsed, string input, string? output, CommonOptions common, DecodingOptions decoding,
        CancellationToken cancellation)
    {
        output ??= Path.ChangeExtension(input, ".png");
        OutputFile.CheckFree(output, input, parsed.GetValue(common.Force));
        ImageFormats.ForPath(output);
        PerCoFile file = PerCoFile.Load(input);
        using Backend backend = common.CreateBackend(parsed);
        using PerCoModel model = common.OpenModel(parsed, backend);
        DecodeResult result = common.CreateProgress(parsed).Run(progress =>
            new PerCoDecoder(model).Decode(file, decoding.Read(parsed), progress, cancellation));
        ImageFormats.Save(result.Image, output, result.Notes(model), parsed.GetValue(common.Force));
        if (!parsed.GetValue(common.Quiet))
        {
            Console.Error.WriteLine(
                $"{output}: {result.Image.Width}x{result.Image.Height}, seed {result.Seed}, {result.Steps} steps, "
                + $"guidance {result.Guidance:0.##}, {result.Stages.Sum(s => s.Seconds):0.0} s");
        }

        return ExitCode.Done;
    }
}
