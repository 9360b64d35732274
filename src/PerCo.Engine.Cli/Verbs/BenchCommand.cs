using System.CommandLine;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Cli.Bench;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>bench: times every op's kernels at the networks' shapes, or a whole decode.</summary>
internal static class BenchCommand
{
    private const int DefaultRepeats = 20;
    private const int QuickRepeats = 3;
    private const int DefaultSteps = 20;

    public static Command Build()
    {
        string[] setNames = [.. OpTrials.Sets.Select(set => set.Name)];
        Option<string[]> sets = new Option<string[]>("--set")
        {
            Description = $"Which networks' shapes: {string.Join(", ", setNames)}. Default: all.",
            HelpName = "NAME",
        }.Among(setNames);
        Option<string[]> ops = new Option<string[]>("--op")
        {
            Description = $"Only these ops: {string.Join(", ", OpTrials.TimedOps)}.",
            HelpName = "NAME",
        }.Among([.. OpTrials.TimedOps]);
        var kernel = new Option<string?>("--kernel")
        {
            Description = "Only kernels whose name contains this text.",
            HelpName = "TEXT",
        };
        var repeats = new Option<int?>("--repeats")
        {
            Description = $"Runs to take the median of. Default: {DefaultRepeats}.",
            HelpName = "N",
        }.Between(1, 10_000);
        var quick = new Option<bool>("--quick")
        {
            Description = $"PerCo-Mini's shapes only, {QuickRepeats} runs each.",
        };
        var tilings = new Option<bool>("--tilings")
        {
            Description = "Also time products on tensor cores with every way to cut them into tiles, beside the "
                + "estimate by which one is chosen.",
        };
        var ladder = new Option<bool>("--ladder")
        {
            Description = "Instead of ops, climb kernels/ladder on a GPU: the matrix product in numbered versions, "
                + "from the simplest to those that are used, first compared and then timed, each beside the one below.",
        };
        var csv = new Option<bool>("--csv") { Description = "Print comma-separated values." };
        Option<string?> decode = new Option<string?>("--decode")
        {
            Description = "Instead of ops, time whole decodes with the networks of a folder, at 512x512 with guidance; "
                + "weights that it lacks are made up.",
            HelpName = "DIR",
        }.NotEmpty();
        var steps = new Option<int?>("--steps")
        {
            Description = $"Denoising steps of --decode. Default: {DefaultSteps}.",
            HelpName = "N",
        }.Between(1, 1000);
        var pictures = new Option<int?>("--batch")
        {
            Description = "Pictures of --decode that are drawn at once. Default: 1.",
            HelpName = "N",
        }.Between(1, DecodeCommand.MostTogether);
        var common = new CommonOptions();
        var command = new Command(
            "bench",
            """
            Time every kernel at the networks' shapes, beside what the device can do at most. Each result is first
            compared with the CPU's.

            Examples:
              percoengine bench --device opencl --quick
              percoengine bench --device cuda --set unet --op Conv2d Attention --csv
              percoengine bench --device cuda --precision fp16 --decode benchmarks/gpu/sd21
              percoengine bench --device cuda --ladder
            """)
        {
            sets,
            ops,
            kernel,
            repeats,
            quick,
            tilings,
            ladder,
            csv,
            decode,
            steps,
            pictures,
        };
        common.AddDeviceTo(command);
        command.Validators.Add(result =>
        {
            if (result.ValueIfRight(csv) && result.ValueIfRight(common.Json))
            {
                result.AddError("--csv and --json exclude each other.");
            }

            if (result.ValueIfRight(ladder)
                && Array.Find<Option>([sets, ops, tilings, decode], other => result.GetResult(other) is not null)
                    is { } other)
            {
                result.AddError($"--ladder and {other.Name} exclude each other.");
            }

            if (result.ValueIfRight(decode) is null
                && (result.ValueIfRight(steps) ?? result.ValueIfRight(pictures)) is not null)
            {
                result.AddError("--steps and --batch are those of --decode.");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            Messages messages = common.Messages(parsed);
            using Backend backend = common.CreateBackend(parsed, messages);
            bool isQuick = parsed.GetValue(quick);
            BenchFormat format = parsed.GetValue(common.Json) ? BenchFormat.Json
                : parsed.GetValue(csv) ? BenchFormat.Csv : BenchFormat.Table;
            if (parsed.GetValue(decode) is { } folder)
            {
                DecodeBench.Run(
                    backend, folder, parsed.GetValue(steps) ?? DefaultSteps, parsed.GetValue(pictures) ?? 1,
                    parsed.GetValue(repeats) ?? QuickRepeats, format, messages, cancellation);
                return Task.FromResult(ExitCode.Done);
            }

            int runs = parsed.GetValue(repeats) ?? (isQuick ? QuickRepeats : DefaultRepeats);
            if (parsed.GetValue(ladder))
            {
                bool right = LadderBench.Run(
                    backend, isQuick, parsed.GetValue(kernel), runs, format, messages, cancellation);
                return Task.FromResult(right ? ExitCode.Done : ExitCode.Failed);
            }

            string[] wanted = parsed.GetValue(sets) is { Length: > 0 } named ? named : isQuick ? ["mini"] : setNames;
            bool passed = OpBench.Run(
                backend,
                new OpBenchOptions(
                    wanted, parsed.GetValue(ops) ?? [], parsed.GetValue(kernel), runs, parsed.GetValue(tilings)),
                format, messages, cancellation);
            return Task.FromResult(passed ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }
}
