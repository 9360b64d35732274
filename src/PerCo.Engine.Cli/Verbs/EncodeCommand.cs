using System.CommandLine;
using PerCo.Engine.Cli.Batch;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Imaging;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>encode: pictures become .perco files.</summary>
internal sealed class EncodeCommand
{
    private const string Pickle = "pkl";

    private readonly BatchOptions _batch = new("PNG, JPEG or PPM", [PerCoFile.Extension, PercoSdFile.Extension]);
    private readonly EncodingOptions _encoding = new();
    private readonly PixelLimit _limit = new();
    private readonly MemoryOption _memory = new();
    private readonly CommonOptions _common = new();

    private readonly Option<int?> _targetBytes = new Option<int?>("--target-bytes")
    {
        Description = "Take the largest of the model's rates whose file has at most this many bytes.",
        HelpName = "N",
    }.Between(1, int.MaxValue);

    private readonly Option<string?> _format = new Option<string?>("--format")
    {
        Description = "perco, or pkl for the files of PerCo (SD). Default: by the output's name, else perco.",
        HelpName = "NAME",
    }.Among("perco", Pickle);

    public static Command Build()
    {
        var verb = new EncodeCommand();
        var command = new Command(
            "encode",
            """
            Encode pictures into .perco files.

            Examples:
              percoengine encode photo.png
              percoengine encode photo.png small.perco --caption "two parrots in front of green leaves"
              percoengine encode photos --recursive -o encoded --resume --log encode.jsonl
              percoengine encode - - --no-caption
              percoengine encode photo.png photo.pkl
            """);
        command.Aliases.Add("compress");
        verb._batch.AddTo(command);
        verb._encoding.AddTo(command);
        command.Options.Add(verb._targetBytes);
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
        string? format = parsed.GetValue(_format)?.ToLowerInvariant();
        ImageLimits limits = _limit.ForPictures(parsed);
        EncodeOptions options = _encoding.Read(parsed) with { MemoryLimit = _memory.Read(parsed) };
        CaptionFile? captions = _encoding.ReadCaptionFile(parsed);
        if (parsed.GetValue(_targetBytes) is not null && (options.BitsPerPixel is not null || !options.Codes))
        {
            throw new UsageException("--target-bytes chooses the rate of the codes: leave out --rate and --no-codes.");
        }

        InputFiles inputs = InputFiles.Find(settings.Inputs, settings.Recursive, FileKinds.IsPicture, "pictures");
        OutputPlan plan = OutputPlan.Make(
            inputs, settings.Output, format == Pickle ? PercoSdFile.Extension : PerCoFile.Extension);
        using var session = new ModelSession(_common, parsed, messages);
        return new BatchRun(settings, messages, parsed.GetValue(_common.Json)).Run(
            inputs,
            plan,
            new SingleWork(
                (job, progress, token) =>
                {
                    CheckName(job, format);
                    Image image = PictureFile.Load(job.Input.Path, limits);
                    EncodeOptions own = EncodingOptions.For(job.Input, options, captions);
                    bool pickled = format is null
                        ? FileKinds.HasExtension(job.Output, PercoSdFile.Extension) : format == Pickle;
                    (EncodeResult result, byte[] bytes) = Encode(
                        session.Model, image, own, pickled, parsed.GetValue(_targetBytes), progress, token);
                    token.ThrowIfCancellationRequested();
                    OutputFile.Write(job, bytes, settings.Force);
                    return Report(job, result, bytes.Length);
                },
                job => Lack(job, limits, _limit.ForFiles(parsed))),
            cancellation);
    }

    private static (EncodeResult Result, byte[] Bytes) Encode(
        PerCoModel model, Image image, EncodeOptions options, bool pickled, int? targetBytes,
        IProgress<CodecProgress>? progress, CancellationToken cancellation)
    {
        if (pickled && (options.Seed is not null || options.Steps is not null || options.Guidance is not null))
        {
            throw new UsageException(
                "Files of PerCo (SD) hold no seed, steps or guidance: give them to decode, or write .perco.");
        }

        var encoder = new PerCoEncoder(model);
        if (targetBytes is null)
        {
            EncodeResult only = encoder.Encode(image, options, progress, cancellation);
            return (only, Bytes(only, pickled));
        }

        int smallest = int.MaxValue;
        foreach (ModelRate rate in model.Folder.Rates.OrderByDescending(r => r.BitsPerPixel))
        {
            EncodeResult result = encoder.Encode(
                image, options with { BitsPerPixel = rate.BitsPerPixel }, progress, cancellation);
            byte[] bytes = Bytes(result, pickled);
            if (bytes.Length <= targetBytes)
            {
                return (result, bytes);
            }

            // The next rate is tried with the same words.
            options = options with { Caption = result.File.Caption };
            smallest = Math.Min(smallest, bytes.Length);
        }

        throw new PerCoException(
            $"The smallest of the model's rates gives {smallest} bytes, more than the {targetBytes} of --target-bytes. "
            + "Try --no-caption, --text-only or another model.");
    }

    private static void CheckName(Job job, string? format)
    {
        if (format is null && ImageFormats.All.Any(known => FileKinds.HasExtension(job.Output, [.. known.Extensions])))
        {
            throw new PerCoException(
                $"{job.Output}: is a picture's name, expected one that ends in {PerCoFile.Extension} or "
                + $"{PercoSdFile.Extension}. Name the format with --format if that is meant.");
        }
    }

    private static byte[] Bytes(EncodeResult result, bool pickled) =>
        pickled ? PercoSdFile.FromPerCoFile(result.File).ToBytes() : result.File.ToBytes();

    private static string? Lack(Job job, ImageLimits limits, PerCoFileLimits fileLimits)
    {
        try
        {
            ContainerFile file = ContainerFile.Load(job.Output, fileLimits);
            Image image = PictureFile.Load(job.Input.Path, limits);
            return (file.Width, file.Height) == (image.Width, image.Height) ? null
                : $"is of a picture of {file.Width}x{file.Height}, expected {image.Width}x{image.Height}";
        }
        catch (PerCoException e) when (ErrorText.Names(e.Message, job.Output))
        {
            return "is not whole";
        }
    }

    private static FileReport Report(Job job, EncodeResult result, int bytes)
    {
        PerCoFile file = result.File;
        return new FileReport
        {
            Status = FileStatus.Done,
            Input = job.Input.Path,
            Bytes = bytes,
            Width = file.Width,
            Height = file.Height,
            Caption = file.Caption,
            Seed = file.Seed,
            Steps = file.Steps,
            Guidance = file.Guidance,
            Stages = result.Stages,
            Text = $"{bytes} bytes ({8.0 * bytes / file.Width / file.Height:0.0000} bpp), {file.Width}x{file.Height}, "
                + (file.Caption.Length > 0 ? $"\"{file.Caption}\"" : "no caption"),
        };
    }
}
