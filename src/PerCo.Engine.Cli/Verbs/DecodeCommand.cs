using System.CommandLine;
using PerCo.Engine.Cli.Batch;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>decode: .perco files become pictures.</summary>
internal sealed class DecodeCommand
{
    private const int MostSamples = 10_000;

    private readonly BatchOptions _batch = new(".perco files, or .pkl files of PerCo (SD)", ".png", ".ppm");
    private readonly DecodingOptions _decoding = new();
    private readonly PixelLimit _limit = new();
    private readonly MemoryOption _memory = new();
    private readonly CommonOptions _common = new();

    private readonly Option<int?> _samples = new Option<int?>("--samples", "-n")
    {
        Description = "Draw so many pictures of each file, photo-1.png and so on, with consecutive seeds.",
        HelpName = "N",
    }.Between(1, MostSamples);

    private readonly Option<string?> _format = new Option<string?>("--format")
    {
        Description = "png or ppm. Default: by the output's name, else png.",
        HelpName = "NAME",
    }.Among("png", "ppm");

    public static Command Build()
    {
        var verb = new DecodeCommand();
        var command = new Command(
            "decode",
            """
            Draw the pictures of .perco files.

            Examples:
              percoengine decode photo.perco
              percoengine decode photo.perco photo.png --seed 7 --steps 10
              percoengine decode photo.perco --samples 4
              percoengine decode encoded --recursive -o decoded --resume --log decode.jsonl
              percoengine decode - - --format ppm
            """);
        command.Aliases.Add("decompress");
        verb._batch.AddTo(command);
        verb._decoding.AddTo(command);
        command.Options.Add(verb._samples);
        command.Options.Add(verb._format);
        verb._limit.AddTo(command);
        verb._memory.AddTo(command);
        verb._common.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(verb.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        BatchSettings settings = _batch.Read(parsed);
        Messages messages = _common.Messages(parsed);
        DecodeOptions options = _decoding.Read(parsed) with { MemoryLimit = _memory.Read(parsed) };
        PerCoFileLimits limits = _limit.ForFiles(parsed);
        string? format = parsed.GetValue(_format)?.ToLowerInvariant();
        InputFiles inputs = InputFiles.Find(
            settings.Inputs, settings.Recursive, FileKinds.IsContainer, ".perco or .pkl files");
        OutputPlan plan = OutputPlan.Make(
            inputs, settings.Output, "." + (format ?? "png"), parsed.GetValue(_samples) ?? 1);
        using var session = new ModelSession(_common, parsed, messages);
        return new BatchRun(settings, messages, parsed.GetValue(_common.Json)).Run(
            inputs,
            plan,
            (job, progress, token) =>
            {
                // 1. The name is looked at before minutes of work are put into the picture.
                ImageFormat picture = Format(job, format);
                PerCoFile file = ContainerFile.Load(job.Input.Path, limits).ForModel(session.Model);

                // 2. Each sample has a seed of its own; beyond the largest, seeds begin again at 0.
                DecodeOptions own = options with { Seed = unchecked(
                    (options.Seed ?? file.Seed ?? 0) + (ulong)job.Sample) };
                session.Plan(model => MemoryPlanner.ForDecoding(model, file, own));
                DecodeResult result = new PerCoDecoder(session.Model).Decode(file, own, progress, token);
                token.ThrowIfCancellationRequested();

                // 3. Whole or not at all.
                byte[] bytes = ImageFormats.Encode(result.Image, picture, result.Notes(session.Model));
                OutputFile.Write(job, bytes, settings.Force);
                return Report(job, file, result, bytes.Length);
            },
            job => Lack(job, limits),
            cancellation);
    }

    private static ImageFormat Format(Job job, string? format)
    {
        ImageFormat picture = ImageFormats.ForPath(
            format is not null ? "." + format : job.Output == StandardStreams.Name ? ".png" : job.Output);
        return picture.CanEncode ? picture : throw new PerCoException(
            $"{job.Output}: {picture.Name} pictures are not written here; name a .png or .ppm file.");
    }

    private static string? Lack(Job job, PerCoFileLimits limits)
    {
        ContainerFile file = ContainerFile.Load(job.Input.Path, limits);
        try
        {
            Image image = ImageFormats.Load(job.Output);
            return (file.Width, file.Height) == (image.Width, image.Height) ? null
                : $"is a picture of {image.Width}x{image.Height}, expected {file.Width}x{file.Height}";
        }
        catch (PerCoException)
        {
            return "is no whole picture";
        }
    }

    private static FileReport Report(Job job, PerCoFile file, DecodeResult result, int bytes) => new()
    {
        Status = FileStatus.Done,
        Input = job.Input.Path,
        Bytes = bytes,
        Width = result.Image.Width,
        Height = result.Image.Height,
        Caption = file.Caption,
        Seed = result.Seed,
        Steps = result.Steps,
        Guidance = result.Guidance,
        Stages = result.Stages,
        Text = $"{result.Image.Width}x{result.Image.Height}, seed {result.Seed}, {Steps(result.Steps)}, guidance "
            + $"{result.Guidance:0.##}",
    };

    private static string Steps(int steps) => steps == 1 ? "1 step" : $"{steps} steps";
}
