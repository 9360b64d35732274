using System.CommandLine;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Info;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>info: what compressed pictures, weights, models and pictures hold; loads no weights.</summary>
internal sealed class InfoCommand
{
    private readonly PixelLimit _limit = new();
    private readonly CommonOptions _common = new();

    private readonly Argument<string[]> _paths = new Argument<string[]>("path")
    {
        Description = ".perco, .pkl or .safetensors files, pictures, model folders, folders, patterns, or - for a "
            + ".perco or .pkl file or a picture on standard input.",
        Arity = ArgumentArity.OneOrMore,
    }.Paths();

    private readonly Option<bool> _recursive = new("--recursive", "-R")
    {
        Description = "Look into folders within folders.",
    };

    public static Command Build()
    {
        var verb = new InfoCommand();
        var command = new Command(
            "info",
            """
            Print what compressed pictures, weights and models hold, and what a picture says of how it was decoded,
            without loading a model.

            Examples:
              percoengine info photo.perco
              percoengine info photo.perco photo.pkl --json
              percoengine info photo-decoded.png
              percoengine info models/perco-mini
              percoengine info unet.safetensors --verbose
            """)
        {
            verb._paths,
            verb._recursive,
        };
        verb._limit.AddTo(command);
        verb._common.AddMessagesTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(verb.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        Messages messages = _common.Messages(parsed);
        bool json = parsed.GetValue(_common.Json);
        var documents = new JsonArray();
        int failed = 0;
        foreach (InfoItem item in Items(parsed.GetValue(_paths)!, parsed.GetValue(_recursive)))
        {
            cancellation.ThrowIfCancellationRequested();
            JsonObject document;
            try
            {
                InfoReport report = item.Error is null ? Describe(item, parsed, messages.Verbose)
                    : throw new PerCoException(item.Error);
                document = report.Json;
                if (!json && !messages.Quiet)
                {
                    Print(report, first: documents.Count == 0);
                }
            }
            catch (PerCoException e)
            {
                failed++;
                messages.Error(ErrorText.Of(e));
                document = new JsonObject { ["file"] = item.Path, ["error"] = ErrorText.Of(e) };
            }

            documents.Add((JsonNode)document);
        }

        if (json)
        {
            JsonText.Print(new JsonObject { ["files"] = documents, ["failed"] = failed });
        }

        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private InfoReport Describe(InfoItem item, ParseResult parsed, bool verbose)
    {
        if (item.IsModel)
        {
            return ModelInfo.Of(item.Path);
        }

        if (FileKinds.IsWeights(item.Path))
        {
            return WeightsInfo.Of(item.Path, list: verbose);
        }

        ImageLimits pictures = _limit.ForPictures(parsed);
        PerCoFileLimits files = _limit.ForFiles(parsed);
        bool piped = item.Path == StandardStreams.Name, named = !piped && FileKinds.IsPicture(item.Path);
        byte[] bytes = StandardStreams.ReadAll(
            item.Path, piped || named ? pictures.MaxFileBytes : files.MaxFileBytes);
        return named || (piped && ImageFormats.All.Any(format => format.Matches(bytes)))
            ? PictureInfo.Of(item.Path, bytes, pictures)
            : ContainerInfo.Of(item.Path, ContainerFile.Parse(item.Path, bytes, files), files);
    }

    private static IEnumerable<InfoItem> Items(string[] paths, bool recursive)
    {
        foreach (string path in paths)
        {
            if (ModelInfo.IsModel(path))
            {
                yield return new InfoItem(path, true, null);
                continue;
            }

            InputFiles found = InputFiles.Find(
                [path], recursive, p => FileKinds.IsContainer(p) || FileKinds.IsWeights(p),
                ".perco, .pkl or .safetensors files");
            foreach (InputFile file in found.Files)
            {
                yield return new InfoItem(file.Path, false, null);
            }

            foreach ((string input, string error) in found.Failures)
            {
                yield return new InfoItem(input, false, error);
            }
        }
    }

    // Line by line, so that a reader that goes away ends the output quietly.
    private static void Print(InfoReport report, bool first)
    {
        if (!first)
        {
            Console.Out.WriteLine();
        }

        foreach (string line in report.Lines)
        {
            Console.Out.WriteLine(Messages.Printable(line));
        }
    }

    private sealed record InfoItem(string Path, bool IsModel, string? Error);
}
