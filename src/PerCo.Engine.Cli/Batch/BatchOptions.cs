using System.CommandLine;
using PerCo.Engine.Cli.Verbs;

namespace PerCo.Engine.Cli.Batch;

/// <summary>Options of verbs that make files from files.</summary>
internal sealed class BatchOptions
{
    private readonly string[] _extensions;

    private readonly Option<string?> _output = new Option<string?>("--output", "-o")
    {
        Description = "File, or folder for several outputs, which mirrors the folders of the inputs; - for standard "
            + "output. Default: beside each input.",
        HelpName = "PATH",
    }.NotEmpty();

    private readonly Option<bool> _recursive = new("--recursive", "-R")
    {
        Description = "Look into folders within folders.",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Skip what is done: outputs that are whole, of the right picture size and, where they say so, "
            + "drawn as asked. With --force, others are replaced; without, they are errors.",
    };

    private readonly Option<bool> _force = new("--force", "-f")
    {
        Description = "Replace existing output files.",
    };

    private readonly Option<string?> _log = new Option<string?>("--log")
    {
        Description = "Append a line of JSON for each file.",
        HelpName = "FILE",
    }.NotEmpty();

    /// <summary>Makes the options of a verb.</summary>
    /// <param name="inputs">What the inputs are, for the help.</param>
    /// <param name="extensions">Endings by which the last path is known to be the output.</param>
    /// <param name="mistaken">Endings of what cannot be written, but is no input either.</param>
    public BatchOptions(string inputs, string[] extensions, string[]? mistaken = null)
    {
        _extensions = [.. extensions, .. mistaken ?? []];
        Paths = new Argument<string[]>("path")
        {
            Description = $"{inputs}: files, folders, patterns, or - for standard input. The last of several is the "
                + $"output if it is - or ends in {string.Join(" or ", extensions)}.",
            Arity = ArgumentArity.OneOrMore,
        }.Paths();
    }

    public Argument<string[]> Paths { get; }

    public void AddTo(Command command)
    {
        command.Arguments.Add(Paths);
        command.Options.Add(_output);
        command.Options.Add(_recursive);
        command.Options.Add(_resume);
        command.Options.Add(_force);
        command.Options.Add(_log);
    }

    public BatchSettings Read(ParseResult parsed)
    {
        string[] paths = parsed.GetValue(Paths)!;
        string? output = parsed.GetValue(_output);
        if (output is null)
        {
            (paths, output) = Files.OutputPlan.Split(paths, _extensions);
        }

        return new BatchSettings(
            paths, output, parsed.GetValue(_recursive), parsed.GetValue(_resume), parsed.GetValue(_force),
            parsed.GetValue(_log));
    }
}
