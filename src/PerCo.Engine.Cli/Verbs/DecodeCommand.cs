using System.CommandLine;
using PerCo.Engine.Cli.Batch;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>decode: .perco files become pictures.</summary>
internal sealed class DecodeCommand
{
    /// <summary>Pictures that can be drawn at once.</summary>
    public const int MostTogether = 64;

    private const int MostSamples = 10_000;

    private readonly BatchOptions _batch = new(
        ".perco files, or .pkl files of PerCo (SD)", [".png", ".ppm"],
        [".jpg", ".jpeg", ".webp", ".avif", ".jxl", ".heic", ".gif", ".bmp", ".tif", ".tiff"]);
    private readonly DecodingOptions _decoding = new();
    private readonly PixelLimit _limit = new();
    private readonly MemoryOption _memory = new();
    private readonly CommonOptions _common = new();

    private readonly Option<int?> _samples = new Option<int?>("--samples", "-n")
    {
        Description = "Draw so many pictures of each file, photo-1.png and so on, with consecutive seeds.",
        HelpName = "N",
    }.Between(1, MostSamples);

    private readonly Option<int?> _together = new Option<int?>("--batch")
    {
        Description = "Draw so many pictures at once, samples or files of one size: faster on a GPU, takes more "
            + $"memory. Default: {DecodeWork.MostTogetherOnGpu} on a GPU if they fit, 1 on the CPU.",
        HelpName = "N",
    }.Between(1, MostTogether);

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
              percoengine decode photo.perco                 photo.png, or photo-decoded.png beside the original
              percoengine decode photo.perco drawn.png --seed 7 --steps 10
              percoengine decode photo.perco --samples 4
              percoengine decode encoded --recursive -o decoded --resume --log decode.jsonl
              percoengine decode - - --format ppm
            """);
        command.Aliases.Add("decompress");
        verb._batch.AddTo(command);
        verb._decoding.AddTo(command);
        command.Options.Add(verb._samples);
        command.Options.Add(verb._together);
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
        using var session = new ModelSession(_common, parsed, messages);
        var work = new DecodeWork(session, options, limits, format, parsed.GetValue(_together), settings.Force);
        OutputPlan plan = OutputPlan.Make(
            inputs, settings.Output, "." + (format ?? "png"), parsed.GetValue(_samples) ?? 1,
            job => work.Foreign(job) is not null);
        return new BatchRun(settings, messages, parsed.GetValue(_common.Json)).Run(inputs, plan, work, cancellation);
    }
}
