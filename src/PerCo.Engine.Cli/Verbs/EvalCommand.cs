using System.CommandLine;
using PerCo.Engine.Cli.Evaluation;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>eval: encodes and decodes pictures, and measures size, likeness and time.</summary>
internal sealed class EvalCommand
{
    private readonly EncodingOptions _encoding = new();
    private readonly DecodingOptions _decoding = new();
    private readonly PixelLimit _limit = new();
    private readonly MemoryOption _memory = new();
    private readonly CommonOptions _common = new();

    private readonly Argument<string[]> _paths = new Argument<string[]>("path")
    {
        Description = "PNG, JPEG or PPM: files, folders or patterns.",
        Arity = ArgumentArity.OneOrMore,
    }.Paths();

    private readonly Option<bool> _recursive = new("--recursive", "-R")
    {
        Description = "Look into folders within folders.",
    };

    private readonly Option<bool> _allRates = new("--all-rates")
    {
        Description = "Every rate of the model, for a curve.",
    };

    private readonly Option<string?> _output = new Option<string?>("--output", "-o")
    {
        Description = "Folder in which the .perco files and decoded pictures are kept. Default: they are not.",
        HelpName = "DIR",
    }.NotEmpty();

    private readonly Option<bool> _force = new("--force", "-f")
    {
        Description = "Replace existing output files.",
    };

    private readonly Option<bool> _csv = new("--csv")
    {
        Description = "Print comma-separated values.",
    };

    public static Command Build()
    {
        var verb = new EvalCommand();
        var command = new Command(
            "eval",
            """
            Encode pictures, decode them again, and print what that costs and how close it comes: bytes and bits per
            pixel of whole files, PSNR and MS-SSIM over RGB (the means are of the pictures' values), and seconds, for
            which networks are loaded and warmed up before. --json prints what CompressAI's plots take.

            Examples:
              percoengine eval kodak
              percoengine eval kodak --all-rates --json > perco.json
              percoengine eval photo.png --steps 20 --guidance 3 -o evaluated
            """)
        {
            verb._paths,
            verb._recursive,
            verb._allRates,
            verb._output,
            verb._force,
            verb._csv,
        };
        // Seed, steps and guidance are given to the decoder alone: stored, they would count as bytes of each file.
        verb._encoding.AddTo(command, withSeedStepsGuidance: false);
        verb._decoding.AddTo(command);
        verb._limit.AddTo(command);
        verb._memory.AddTo(command);
        verb._common.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.ValueIfRight(verb._csv) && result.ValueIfRight(verb._common.Json))
            {
                result.AddError("--csv and --json exclude each other.");
            }

            if (result.ValueIfRight(verb._allRates) && verb._encoding.ChoosesRate(result))
            {
                result.AddError("--all-rates takes the model's rates: leave out --rate and --no-codes.");
            }
        });
        command.SetAction((parsed, cancellation) => Task.FromResult(verb.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        Messages messages = _common.Messages(parsed);
        EncodeOptions encode = _encoding.Read(parsed) with { MemoryLimit = _memory.Read(parsed) };
        DecodeOptions decode = _decoding.Read(parsed) with { MemoryLimit = _memory.Read(parsed) };
        string[] paths = parsed.GetValue(_paths)!;
        if (paths.Contains(StandardStreams.Name))
        {
            throw new UsageException("eval compares pictures by their names: standard input has none.");
        }

        InputFiles inputs = InputFiles.Find(
            paths, parsed.GetValue(_recursive), FileKinds.IsPicture, "pictures");
        using var session = new ModelSession(_common, parsed, messages);
        PerCoModel model = session.Model;
        ModelRate?[] rates = !encode.Codes ? [null]
            : parsed.GetValue(_allRates) ? [.. model.Folder.Rates.OrderBy(rate => rate.BitsPerPixel)]
            : [model.Folder.NearestRate(encode.BitsPerPixel)];
        var run = new EvaluationRun(
            session, encode, decode, _encoding.ReadCaptionFile(parsed), _limit.ForPictures(parsed), messages);
        EvaluationReport report = run.Run(
            inputs, rates, EvaluationFiles.Plan(inputs, rates, parsed.GetValue(_output), parsed.GetValue(_force)),
            cancellation);
        Print(report, parsed);
        if (cancellation.IsCancellationRequested)
        {
            messages.Error($"cancelled after {report.Pictures.Count} pictures.");
            return ExitCode.Cancelled;
        }

        return report.Failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private void Print(EvaluationReport report, ParseResult parsed)
    {
        if (parsed.GetValue(_common.Json))
        {
            JsonText.Print(report.ToJson());
        }
        else if (parsed.GetValue(_csv))
        {
            Console.Out.Write(report.Csv());
        }
        else if (!parsed.GetValue(_common.Quiet))
        {
            foreach (string line in report.Table())
            {
                Console.Out.WriteLine(Messages.Printable(line));
            }
        }
    }
}
