using System.CommandLine;
using System.CommandLine.Parsing;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>Options that several verbs share, made anew for each verb, with one meaning everywhere.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string?> _model = new Option<string?>("--model", "-m")
    {
        Description = "Model folder. Default: the PerCo-Mini model beside the program.",
        HelpName = "DIR",
    }.NotEmpty();

    private readonly Option<GpuPrecision> _precision = new Option<GpuPrecision>("--precision")
    {
        Description = "What a GPU stores: fp32, fp16 or bf16. Default: fp16, and fp32 where OpenCL uses the processor.",
        HelpName = "TYPE",
    }.Named("fp32", "fp16", "bf16");

    private readonly Option<WeightPrecision> _weights = new Option<WeightPrecision>("--weights")
    {
        Description = "What the CPU keeps weights as: fp32, fp16 or int8, for half and a quarter of the memory. "
            + "Default: as exact as the model's own.",
        HelpName = "TYPE",
    }.Named("fp32", "fp16", "int8");

    private readonly Option<bool> _noCache = new("--no-cache")
    {
        Description = "Check a GPU's kernels again, and do not keep the verdict.",
    };

    private readonly Option<int?> _threads = new Option<int?>("--threads", "-j")
    {
        Description = "Threads on the CPU. Default: all. Results do not depend on it.",
        HelpName = "N",
    }.Between(1, CpuOptions.MostThreads);

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Print what is computed where, and stack traces with errors.",
    };

    public CommonOptions()
    {
        Device.CompletionSources.Add([.. BackendCatalog.Names]);
        Device.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !BackendCatalog.IsName(name))
            {
                result.AddError(
                    $"{Device.Name} is '{name}', expected one of {string.Join(", ", BackendCatalog.Names)}; after a "
                    + "GPU's, a colon and a number choose among several, as in cuda:1.");
            }
        });
    }

    public Option<string> Device { get; } = new("--device")
    {
        Description = $"Where to compute: {string.Join(", ", BackendCatalog.Names)}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => BackendCatalog.Auto,
    };

    public Option<bool> Strict { get; } = new("--strict")
    {
        Description = "Fix the order of all sums, so that pixels are equal on every CPU. Slower.",
    };

    public Option<bool> Quiet { get; } = new("--quiet", "-q")
    {
        Description = "Print errors only.",
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON document on standard output.",
    };

    public static string DefaultModel => Path.Combine(AppContext.BaseDirectory, "models", "perco-mini");

    public void AddTo(Command command)
    {
        command.Options.Add(_model);
        command.Options.Add(Strict);
        AddDeviceTo(command);
        command.Validators.Add(result =>
        {
            if (result.ValueIfRight(_weights) is WeightPrecision.Fp16 or WeightPrecision.Int8
                && result.ValueIfRight(Strict))
            {
                result.AddError("--strict keeps all weights as they are: leave out --weights.");
            }

            if (result.ValueIfRight(Strict) && Named(result) is not (null or BackendCatalog.Auto or "cpu"))
            {
                result.AddError("--strict is for the CPU: equal pixels are promised between CPUs.");
            }
        });
    }

    /// <summary>Only what verbs need that compute without a model.</summary>
    public void AddDeviceTo(Command command)
    {
        command.Options.Add(Device);
        command.Options.Add(_precision);
        command.Options.Add(_weights);
        command.Options.Add(_noCache);
        command.Options.Add(_threads);
        command.Validators.Add(result =>
        {
            string? device = Named(result);
            if (result.ValueIfRight(_weights) != WeightPrecision.Auto
                && device is not (null or BackendCatalog.Auto or "cpu"))
            {
                result.AddError("--weights is for the CPU: a GPU has --precision.");
            }

            if (result.GetResult(_precision) is { Tokens.Count: > 0 } && device is "cpu" or "reference")
            {
                result.AddError("--precision is for a GPU: the CPU has --weights.");
            }
        });
        AddMessagesTo(command);
    }

    /// <summary>Only what verbs without a model need.</summary>
    public void AddMessagesTo(Command command)
    {
        command.Options.Add(Json);
        command.Options.Add(Quiet);
        command.Options.Add(_verbose);
        command.Validators.Add(result =>
        {
            if (result.ValueIfRight(Quiet) && result.ValueIfRight(_verbose))
            {
                result.AddError("--quiet and --verbose exclude each other.");
            }
        });
    }

    private string? Named(SymbolResult result) => result.ValueIfRight(Device)?.ToLowerInvariant();

    public string ModelFolder(ParseResult parsed) => parsed.GetValue(_model) ?? DefaultModel;

    public Messages Messages(ParseResult parsed) => new(parsed.GetValue(Quiet), parsed.GetValue(_verbose));

    /// <summary>Opens the device.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="messages">Where notices go: the run's own, so that they stand above its bars.</param>
    /// <param name="check">Whether a GPU's kernels are checked before they are used.</param>
    public Backend CreateBackend(ParseResult parsed, Messages messages, bool check = true)
    {
        var cpu = new CpuOptions { Strict = parsed.GetValue(Strict), Weights = parsed.GetValue(_weights) };
        if (parsed.GetValue(_threads) is { } threads)
        {
            cpu = cpu with { Threads = threads };
        }

        var gpu = new GpuOptions
        {
            Precision = parsed.GetValue(_precision),
            Cache = !parsed.GetValue(_noCache),
            Check = check,
            Detail = messages.Detail,
            Notice = notice => messages.Note($"percoengine: {notice}"),
        };
        return BackendCatalog.Create(parsed.GetValue(Device)!, cpu, gpu);
    }

    public PerCoModel OpenModel(ParseResult parsed, Backend backend, Messages messages)
    {
        PerCoModel model = PerCoModel.Open(ModelFolder(parsed), backend);
        model.Planned = new MemoryNotes(messages).Add;
        return model;
    }
}
