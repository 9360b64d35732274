using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>ops: which backend has which op, by which kernels, and how closely.</summary>
internal static class OpsCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the text of docs/ops.md." };
        var command = new Command(
            "ops",
            """
            List the ops with the backends that have them, their kernels and their tolerances.

            Examples:
              percoengine ops
              percoengine ops --json
            """)
        {
            json,
            markdown,
        };
        command.Validators.Add(result =>
        {
            if (result.ValueIfRight(json) && result.ValueIfRight(markdown))
            {
                result.AddError("--json and --markdown exclude each other.");
            }
        });
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                JsonText.Print(new JsonObject { ["ops"] = new JsonArray([.. OpSupport.Ops.Select(Document)]) });
            }
            else if (parsed.GetValue(markdown))
            {
                Console.Out.Write(Markdown());
            }
            else
            {
                PrintText();
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The text of docs/ops.md: what holds on every machine.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append(
            """
            # Ops

            Made by `percoengine ops --markdown`; a test keeps it equal. `percoengine verify` compares every op with the
            reference on the machine that it runs on.

            | op | reference | cpu | opencl | cuda |
            |---|---|---|---|---|

            """);
        foreach (string op in OpSupport.Ops)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {op} | {string.Join(" | ", Of(op).Select(support => Cell(support, "`")))} |\n");
        }

        text.Append(
            """

            Kernels are tried from left to right. A kernel other than an op's last is used only after it has passed its
            check on the device.

            | kernel | needs | takes |
            |---|---|---|

            """);
        foreach (KernelVariant kernel in KernelVariants.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{kernel.Name}` | {Need(kernel.Need)} | {kernel.Takes} |\n");
        }

        text.Append(
            """

            Bounds of the normalised error, rms(difference) / rms(reference), and of the largest difference /
            rms(reference); the reference gets the same operands, rounded to what is stored.

            | op | cpu | GPU, fp32 | GPU, fp16 | GPU, bf16 |
            |---|---|---|---|---|

            """);
        foreach (string op in OpSupport.Ops)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {op} | {string.Join(" | ", Bounds(op))} |\n");
        }

        text.Append("\nWhere the CPU uses Winograd's algorithm, Conv2d is held to ")
            .Append(Bound(OpTolerance.Winograd)).Append(".\n");
        return text.ToString();
    }

    private static void PrintText()
    {
        Console.WriteLine(Line("op", "reference", "cpu", "opencl", "cuda", "cpu tolerance"));
        foreach (string op in OpSupport.Ops)
        {
            string[] cells = [.. Of(op).Select(support => Cell(support, ""))];
            Console.WriteLine(Line(op, Short(cells[0]), Short(cells[1]), cells[2], cells[3], Bounds(op)[0]));
        }

        _ = GpuBackend.Devices(out IReadOnlyList<string> missing);
        foreach (string reason in missing)
        {
            Console.WriteLine($"not on this machine: {reason}");
        }

        static string Line(string op, string reference, string cpu, string opencl, string cuda, string tolerance) =>
            $"{op,-16} {reference,-10} {cpu,-10} {opencl,-18} {cuda,-36} {tolerance}".TrimEnd();

        static string Short(string cell) => cell.Length > 10 ? "no" : cell;
    }

    private static JsonObject Document(string op) => new()
    {
        ["op"] = op,
        ["backends"] = new JsonObject(Of(op).Select(support => KeyValuePair.Create<string, JsonNode?>(
            support.Backend,
            new JsonObject
            {
                ["supported"] = support.Reason is null,
                ["reason"] = support.Reason,
                ["kernels"] = new JsonArray([.. support.Kernels.Select(kernel => new JsonObject
                {
                    ["kernel"] = kernel.Name,
                    ["needs"] = Need(kernel.Need),
                    ["takes"] = kernel.Takes,
                })]),
            }))),
        ["tolerance"] = new JsonObject(
            ((string[])["cpu", "fp32", "fp16", "bf16"]).Zip(Tolerances(op), (name, bound) =>
                KeyValuePair.Create<string, JsonNode?>(name, new JsonObject
                {
                    ["normalised"] = bound.Normalised,
                    ["worst"] = bound.Worst,
                }))),
    };

    private static IEnumerable<OpSupport> Of(string op) => OpSupport.Table.Where(support => support.Op == op);

    private static string Cell(OpSupport support, string quote) =>
        support.Reason is { } reason ? $"no: {reason}"
        : support.Kernels.Count == 0 ? "yes"
        : string.Join(", ", support.Kernels.Select(kernel => quote + kernel.Name + quote));

    private static string[] Bounds(string op) => [.. Tolerances(op).Select(Bound)];

    private static OpTolerance[] Tolerances(string op)
    {
        OpTolerance cpu = OpSupport.Tolerance(op);
        return [cpu, cpu.On(GpuPrecision.Fp32), cpu.On(GpuPrecision.Fp16), cpu.On(GpuPrecision.Bf16)];
    }

    private static string Bound(OpTolerance bound) => bound is { Normalised: 0, Worst: 0 }
        ? "exact"
        : string.Create(CultureInfo.InvariantCulture, $"{bound.Normalised:0.#e0}, {bound.Worst:0.#e0}");

    private static string Need(KernelNeed need) => need switch
    {
        KernelNeed.Nothing => "nothing",
        KernelNeed.TensorCores => "CUDA, compute capability 8.0 or newer",
        KernelNeed.WarpGroups => "CUDA, compute capability 9.0",
        _ => throw new ArgumentOutOfRangeException(nameof(need), need, "An unknown need."),
    };
}
