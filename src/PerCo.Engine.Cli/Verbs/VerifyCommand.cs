using System.CommandLine;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Verification;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>verify: compares a device with reference cases.</summary>
internal static class VerifyCommand
{
    // Op by op, before the networks; needs no files.
    private const string Ops = "ops";

    public static Command Build()
    {
        Argument<string?> folder = new Argument<string?>("folder")
        {
            Description = "Folder of reference cases with a cases.json. Default: the small set beside the program.",
            Arity = ArgumentArity.ZeroOrOne,
        }.Paths();
        var full = new Option<bool>("--full")
        {
            Description = "Also run the cases at full width: minutes of time and up to 12 GiB of memory.",
        };
        string[] kinds = [Ops, .. VerificationRunner.Kinds];
        Option<string[]> cases = new Option<string[]>("--case")
        {
            Description = $"Run only these kinds: {string.Join(", ", kinds)}.",
            HelpName = "KIND",
        }.Among(kinds);
        var common = new CommonOptions();
        var command = new Command(
            "verify",
            """
            Compare this machine's results with the reference implementation's, op by op and network by network. What a
            GPU's kernels pass or fail is kept, and decides which of them are used from then on.

            Examples:
              percoengine verify
              percoengine verify --device opencl --precision fp16 --case ops
              percoengine verify goldens --case vae unet --device reference
              percoengine verify goldens --full
            """)
        {
            folder,
            full,
            cases,
        };
        common.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(
            parsed,
            parsed.GetValue(folder) ?? Path.Combine(AppContext.BaseDirectory, VerificationRunner.BuiltInFolder),
            new VerificationOptions
            {
                Full = parsed.GetValue(full),
                Cases = parsed.GetValue(cases) ?? [],
                ModelFolder = common.ModelFolder(parsed),
            },
            common,
            cancellation)));
        return command;
    }

    private static int Run(
        ParseResult parsed, string folder, VerificationOptions options, CommonOptions common,
        CancellationToken cancellation)
    {
        // Where ops are compared, that is the check of the kernels, and it goes on where one of them fails.
        string[] networks = [.. options.Cases.Where(name => name != Ops)];
        bool all = options.Cases.Count == 0, withOps = all || networks.Length < options.Cases.Count;
        bool withNetworks = all || networks.Length > 0;
        if (withNetworks)
        {
            VerificationRunner.RequireCases(folder);
        }

        using Backend backend = common.CreateBackend(parsed, common.Messages(parsed), check: !withOps);
        bool json = parsed.GetValue(common.Json);
        bool quiet = json || parsed.GetValue(common.Quiet);
        if (!quiet)
        {
            Console.WriteLine($"{backend.Name}: {backend.Description}; {folder}");
            Console.WriteLine(Line("case", "quantity", "error", "tolerance", "verdict", null));
        }

        List<VerificationRow> rows = [];
        if (withOps)
        {
            rows.AddRange(VerificationRunner.RunOps(backend, Progress, cancellation));
        }

        if (withNetworks)
        {
            rows.AddRange(VerificationRunner.Run(
                folder, backend, options with { Cases = networks }, Progress, cancellation));
        }

        int failed = rows.Count(row => row.Verdict == Verdict.Fail);
        int skipped = rows.Count(row => row.Verdict == Verdict.Skipped);
        int passed = rows.Count - failed - skipped;
        if (json)
        {
            JsonText.Print(new JsonObject
            {
                ["device"] = backend.Name,
                ["description"] = backend.Description,
                ["folder"] = folder,
                ["cases"] = new JsonArray([.. rows.Select(Document)]),
                ["passed"] = passed,
                ["failed"] = failed,
                ["skipped"] = skipped,
            });
        }

        if (!quiet)
        {
            Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        }

        if (passed == 0 && failed == 0)
        {
            throw new PerCoException($"{folder}: nothing was compared. Does cases.json list cases that are there?");
        }

        return failed == 0 ? ExitCode.Done : ExitCode.Failed;

        void Progress(VerificationRow row)
        {
            if (!json && (!quiet || row.Verdict == Verdict.Fail))
            {
                Console.WriteLine(Line(
                    row.Case, row.Quantity, row.ErrorText, row.ToleranceText,
                    row.Verdict.ToString().ToLowerInvariant(), row.Detail));
            }
        }
    }

    private static JsonObject Document(VerificationRow row) => new()
    {
        ["case"] = row.Case,
        ["quantity"] = row.Quantity,
        ["verdict"] = row.Verdict.ToString().ToLowerInvariant(),
        ["measure"] = row.Measure.ToString(),

        // JSON has no infinity, which an error of a damaged result may be.
        ["error"] = row.Error is { } error && double.IsFinite(error) ? error : null,
        ["tolerance"] = row.Tolerance,
        ["detail"] = row.Detail,
    };

    private static string Line(
        string name, string quantity, string error, string tolerance, string verdict, string? detail) =>
        $"{name,-20} {quantity,-36} {error,10} {tolerance,10}  {verdict,-8}{detail}".TrimEnd();
}
