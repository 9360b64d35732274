using System.CommandLine;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>Options that several verbs share, made anew for each verb, with one meaning everywhere.</summary>
internal sealed class CommonOptions
{
    public Option<string> Model { get; } = new("--model", "-m")
    {
        Description = "Model folder. Default: the PerCo-Mini model beside the program.",
        HelpName = "DIR",
        DefaultValueFactory = _ => DefaultModel,
    };

    public Option<string> Device { get; } = new("--device")
    {
        Description = $"Where to compute: {string.Join(", ", BackendCatalog.Names)}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => BackendCatalog.Auto,
    };

    public Option<int?> Threads { get; } = new("--threads", "-j")
    {
        Description = "Threads on the CPU. Default: all. Results do not depend on it.",
        HelpName = "N",
    };

    public Option<bool> Strict { get; } = new("--strict")
    {
        Description = "Fix the order of all sums, so that pixels are equal on every CPU. Slower.",
    };

    public Option<bool> Quiet { get; } = new("--quiet", "-q")
    {
        Description = "Print errors only.",
    };

    public Option<bool> Verbose { get; } = new("--verbose", "-v")
    {
        Description = "Print what is computed where, and stack traces with errors.",
    };

    public Option<bool> Force { get; } = new("--force", "-f")
    {
        Description = "Replace existing output files.",
    };

    public static string DefaultModel => Path.Combine(AppContext.BaseDirectory, "models", "perco-mini");

    public void AddTo(Command command)
    {
        command.Options.Add(Model);
        command.Options.Add(Device);
        command.Options.Add(Threads);
        command.Options.Add(Strict);
        command.Options.Add(Quiet);
        command.Options.Add(Verbose);
    }

    public Backend CreateBackend(ParseResult parsed)
    {
        var cpu = new CpuOptions { Strict = parsed.GetValue(Strict) };
        if (parsed.GetValue(Threads) is { } threads)
        {
            cpu = cpu with { Threads = threads };
        }

        return BackendCatalog.Create(parsed.GetValue(Device)!, cpu);
    }

    public PerCoModel OpenModel(ParseResult parsed, Backend backend) =>
        PerCoModel.Open(parsed.GetValue(Model)!, backend);

    public ProgressDisplay CreateProgress(ParseResult parsed) => new(parsed.GetValue(Quiet));
}
