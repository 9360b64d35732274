using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Spectre.Console;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>demo: photo → file → picture, with what it took, and both pictures side by side.</summary>
internal static class DemoCommand
{
    private const string DefaultFolder = "demo-output";
    private const int WidestLine = 10_000;

    public static Command Build()
    {
        Argument<string> input = new Argument<string>("picture")
        {
            Description = "PNG, JPEG or PPM file, or - for standard input.",
        }.Paths();
        Option<string?> output = new Option<string?>("--output", "-o")
        {
            Description = "Folder for the .perco file, the decoded picture and the side-by-side picture. Default: "
                + $"{DefaultFolder}, where those of an earlier demo are replaced.",
            HelpName = "DIR",
        }.NotEmpty();
        var force = new Option<bool>("--force", "-f") { Description = "Replace existing output files." };
        Option<Ablation> ablation = new Option<Ablation>("--ablation")
        {
            Description = "What the decoder is given, as in the paper's ablations: both, text, codes, "
                + "unquantised (features before the quantiser), or autoencoder (no diffusion at all).",
            HelpName = "NAME",
            DefaultValueFactory = _ => Ablation.Both,
        }.Named([.. Enum.GetNames<Ablation>().Select(name => name.ToLowerInvariant())]);
        var common = new CommonOptions();
        var encoding = new EncodingOptions();
        var decoding = new DecodingOptions();
        var memory = new MemoryOption();
        var command = new Command(
            "demo",
            """
            Encode a picture, decode it again, and show what it took.

            Examples:
              percoengine demo photo.png
              percoengine demo photo.png --caption "a lighthouse by the sea" --ablation text
            """)
        {
            input,
            output,
            force,
            ablation,
        };
        encoding.AddTo(command);
        decoding.AddTo(command, withSeedStepsGuidance: false);
        memory.AddTo(command);
        common.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string? folder = parsed.GetValue(output);
            var files = new DemoFiles(
                parsed.GetValue(input)!, folder ?? DefaultFolder, folder is null || parsed.GetValue(force));
            return Task.FromResult(Run(
                parsed, files, parsed.GetValue(ablation), common, encoding, decoding, memory, cancellation));
        });
        return command;
    }

    private static int Run(
        ParseResult parsed, DemoFiles files, Ablation ablation, CommonOptions common, EncodingOptions encoding,
        DecodingOptions decoding, MemoryOption memory, CancellationToken cancellation)
    {
        files.Check();
        EncodeOptions options = EncodingOptions.For(
            new InputFile(files.Input, Path.GetFileName(files.Input)), encoding.Read(parsed),
            encoding.ReadCaptionFile(parsed));
        Image original = PictureFile.Load(files.Input, ImageLimits.Default);
        Messages messages = common.Messages(parsed);
        using Backend backend = common.CreateBackend(parsed, messages);
        using PerCoModel model = common.OpenModel(parsed, backend, messages);
        (EncodeResult encoded, DecodeResult decoded) = new ProgressDisplay(messages).Run(progress =>
            AblationRun.Run(
                model, original, ablation, options with { MemoryLimit = memory.Read(parsed) },
                decoding.Read(parsed) with { MemoryLimit = memory.Read(parsed) }, progress, cancellation));

        cancellation.ThrowIfCancellationRequested();
        int bytes = files.Write(original, encoded, decoded, model);
        if (parsed.GetValue(common.Json))
        {
            JsonText.Print(Document(original, encoded, decoded, bytes, backend, files));
        }
        else if (!parsed.GetValue(common.Quiet))
        {
            Print(Output(), original, encoded, decoded, bytes, backend, files);
        }

        return ExitCode.Done;
    }

    /// <summary>What --json prints; no PSNR where the pictures are equal.</summary>
    public static JsonObject Document(
        Image original, EncodeResult encoded, DecodeResult decoded, int bytes, Backend backend, DemoFiles files)
    {
        using var process = Process.GetCurrentProcess();
        return new JsonObject
        {
            ["device"] = backend.Name,
            ["width"] = original.Width,
            ["height"] = original.Height,
            ["caption"] = encoded.File.Caption,
            ["bytes"] = bytes,
            ["bitsPerPixel"] = Math.Round(8.0 * bytes / original.Width / original.Height, 6),
            ["psnr"] = ImageMetrics.Psnr(original, decoded.Image) is var psnr && double.IsFinite(psnr)
                ? Math.Round(psnr, 3) : null,
            ["seed"] = decoded.Seed,
            ["steps"] = decoded.Steps,
            ["guidance"] = decoded.Guidance,
            ["encode"] = Stages(encoded.Stages),
            ["decode"] = Stages(decoded.Stages),
            ["peakMemory"] = process.PeakWorkingSet64,
            ["files"] = new JsonArray([.. files.All.Select(file => JsonValue.Create(file))]),
        };
    }

    private static JsonArray Stages(IReadOnlyList<StageReport> stages) => new([.. stages.Select(s => new JsonObject
    {
        ["stage"] = s.Stage.ToString().ToLowerInvariant(),
        ["seconds"] = Math.Round(s.Seconds, 3),
        ["peakBytes"] = s.PeakBytes,
    })]);

    private static void Print(
        IAnsiConsole console, Image original, EncodeResult encoded, DecodeResult decoded, int bytes, Backend backend,
        DemoFiles files)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("stage").AddColumn(new TableColumn("seconds").RightAligned())
            .AddColumn(new TableColumn("activations").RightAligned());
        AddStages(table, "encode", encoded.Stages);
        AddStages(table, "decode", decoded.Stages);
        console.WriteLine($"device      {backend.Name}: {backend.Description}");
        console.WriteLine($"picture     {original.Width}x{original.Height}");
        string caption = encoded.File.Caption.Length > 0 ? Messages.Printable(encoded.File.Caption) : "(none)";
        console.WriteLine($"caption     {caption}");
        console.WriteLine(
            $"file        {bytes} bytes, {8.0 * bytes / original.Width / original.Height:0.0000} bit per pixel, "
            + $"1 : {3.0 * original.Width * original.Height / bytes:0}");
        console.WriteLine($"PSNR        {ImageMetrics.Psnr(original, decoded.Image):0.00} dB");
        console.Write(table);
        console.WriteLine($"encode      {encoded.Stages.Sum(s => s.Seconds):0.00} s");
        console.WriteLine($"decode      {decoded.Stages.Sum(s => s.Seconds):0.00} s");
        using var process = Process.GetCurrentProcess();
        console.WriteLine($"peak memory {process.PeakWorkingSet64 / (1024.0 * 1024.0):0} MiB of the whole process");
        console.WriteLine($"written     {string.Join(", ", files.All)}");
    }

    // Where it is no terminal, whoever reads it wants whole lines.
    private static IAnsiConsole Output()
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = WidestLine;
        }

        return console;
    }

    private static void AddStages(Table table, string verb, IReadOnlyList<StageReport> stages)
    {
        foreach (StageReport stage in stages)
        {
            table.AddRow(
                $"{verb}: {stage.Stage.ToString().ToLowerInvariant()}", $"{stage.Seconds:0.00}",
                $"{stage.PeakBytes / (1024.0 * 1024.0):0} MiB");
        }
    }
}
