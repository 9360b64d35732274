using System.CommandLine;
using PerCo.Engine.Cli;
using PerCo.Engine.Cli.Verbs;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>What the command line accepts and refuses before it does anything.</summary>
public class UsageTests
{
    [Theory]
    [InlineData("There is no verb, expected one of encode, decode, info,")]
    [InlineData("'paint' is no verb, expected one of encode, decode, info,", "paint", "a.png")]
    [InlineData("'--foo' is no verb, expected one of encode, decode, info,", "--foo")]
    [InlineData("'foo' is no verb, expected one of encode, decode, info,", "--version", "foo")]
    public void A_wrong_verb_is_told_once_with_the_right_ones(string expected, params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("percoengine: " + expected, run.Error, StringComparison.Ordinal);
        Assert.Equal(2, run.Error.TrimEnd().Split('\n').Length);
    }

    [Theory]
    [InlineData()]
    [InlineData("paint")]
    [InlineData("encode")]
    [InlineData("decode", "a.perco", "--steps", "many")]
    public void Wrong_usage_exits_with_2(params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("percoengine: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("--steps is '0', expected a number from 1 to 1000", "decode", "a", "--steps", "0")]
    [InlineData("--steps is '1001', expected", "encode", "a", "--steps", "1001")]
    [InlineData("--guidance is 'NaN'", "decode", "a", "--guidance", "NaN")]
    [InlineData("--guidance is '-1'", "encode", "a", "--guidance", "-1")]
    [InlineData("--guidance is '100.5'", "decode", "a", "-g", "100.5")]
    [InlineData("--codes-guidance is 'Infinity'", "decode", "a", "--codes-guidance", "Infinity")]
    [InlineData("--threads is '0'", "encode", "a", "-j", "0")]
    [InlineData("--samples is '0'", "decode", "a", "--samples", "0")]
    [InlineData("--rate is '0', expected a number above 0", "encode", "a", "--rate", "0")]
    [InlineData("--rate is 'NaN'", "encode", "a", "--rate", "NaN")]
    [InlineData("--max-pixels is '0'", "info", "a", "--max-pixels", "0")]
    [InlineData("--memory is '0', expected a size such as 600MiB", "encode", "a", "--memory", "0")]
    [InlineData("--memory is 'lots'", "decode", "a", "--memory", "lots")]
    [InlineData("--memory is '4XiB'", "demo", "a", "--memory", "4XiB")]
    [InlineData("--memory is '-4GiB'", "encode", "a", "--memory", "-4GiB")]
    [InlineData("--memory is '1e3MiB'", "encode", "a", "--memory", "1e3MiB")]
    [InlineData("--memory is '9000000TiB'", "encode", "a", "--memory", "9000000TiB")]
    [InlineData("--memory is 'GiB'", "encode", "a", "--memory", "GiB")]
    [InlineData("--strict keeps all weights", "decode", "a", "--strict", "--weights", "int8")]
    [InlineData("--weights is for the CPU", "decode", "a", "--device", "opencl", "--weights", "fp16")]
    [InlineData("--strict is for the CPU", "decode", "a", "--device", "cuda:1", "--strict")]
    [InlineData("--precision is for a GPU", "decode", "a", "--device", "cpu", "--precision", "fp16")]
    [InlineData("--device is 'nonsense', expected one of auto, cpu", "verify", "--device", "nonsense")]
    [InlineData("--device is 'opencl:x'", "decode", "a", "--device", "opencl:x")]
    [InlineData("--device is 'opencl:-1'", "decode", "a", "--device", "opencl:-1")]
    [InlineData("--device is 'cpu:1'", "bench", "--device", "cpu:1")]
    [InlineData("--case is 'foo', expected one of ops, vae", "verify", "--case", "ops", "foo")]
    [InlineData("--set is 'foo', expected one of unet, vae", "bench", "--set", "foo")]
    [InlineData("--ablation is '1', expected one of both, text", "demo", "a", "--ablation", "1")]
    [InlineData("exclude each other", "bench", "--csv", "--json")]
    [InlineData("--ladder and --set exclude each other", "bench", "--ladder", "--set", "mini")]
    [InlineData("--ladder and --tilings exclude each other", "bench", "--tilings", "--ladder")]
    [InlineData("--ladder and --decode exclude each other", "bench", "--decode", "a", "--ladder")]
    [InlineData("those of --decode", "bench", "--steps", "3")]
    [InlineData("those of --decode", "bench", "--quick", "--batch", "2")]
    [InlineData("A path is empty", "info", "")]
    [InlineData("A path is empty", "demo", "")]
    [InlineData("A path is empty", "verify", "")]
    [InlineData("A path is empty", "encode", "a", "")]
    [InlineData("--output is empty", "decode", "a", "-o", "")]
    [InlineData("--caption-file is empty", "encode", "a", "--caption-file", "")]
    [InlineData("--log is empty", "encode", "a", "--log", "")]
    [InlineData("--model is empty", "encode", "a", "--model", "")]
    [InlineData("--target-bytes is '0'", "encode", "a", "--target-bytes", "0")]
    [InlineData("--scheduler is 'magic', expected one of ddim", "decode", "a", "--scheduler", "magic")]
    [InlineData("--format is 'gif', expected one of png, ppm", "decode", "a", "--format", "gif")]
    [InlineData("There is no option --captoin", "encode", "a", "--captoin")]
    [InlineData("There is no option -x", "info", "-x")]
    [InlineData("shell is 'tcsh', expected one of bash", "completion", "tcsh")]
    [InlineData("exclude each other", "encode", "a", "--caption", "x", "--no-caption")]
    [InlineData("exclude each other", "encode", "a", "--caption", "x", "--caption-file", "y")]
    [InlineData("exclude each other", "info", "a", "--quiet", "--verbose")]
    [InlineData("leaves nothing to store", "encode", "a", "--text-only", "--codes-only")]
    [InlineData("leaves nothing to store", "encode", "a", "--no-codes", "--caption", "")]
    [InlineData("--seed is '-1', expected a whole number", "decode", "a", "--seed", "-1")]
    [InlineData("--seed is '18446744073709551616'", "encode", "a", "--seed", "18446744073709551616")]
    [InlineData("--steps is '2.5'", "decode", "a", "--steps", "2.5")]
    [InlineData("--steps is 'many'", "decode", "a", "--steps", "many")]
    public void Ranges_are_checked_with_their_bounds(string expected, params string[] arguments)
    {
        ParseResult parsed = CommandLineApp.Build().Parse(arguments);
        Assert.Contains(expected, Assert.Single(parsed.Errors).Message, StringComparison.Ordinal);
    }

    /// <summary>Validators of a whole verb run before its values are known to be right.</summary>
    [Theory]
    [InlineData("encode", "a.png", "--caption")]
    [InlineData("encode", "a.png", "--caption-file")]
    [InlineData("encode", "a.png", "--caption", "a", "--caption", "b")]
    [InlineData("demo", "a.png", "-c", "a", "-c", "b")]
    [InlineData("encode", "a.png", "--no-codes", "--rate", "abc")]
    [InlineData("encode", "a.png", "--no-codes", "--rate", "1", "--rate", "2")]
    [InlineData("eval", "a.png", "--all-rates", "--rate")]
    [InlineData("bench", "--csv=abc")]
    [InlineData("ops", "--json=abc")]
    public void A_wrong_command_line_is_never_an_unhandled_exception(params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--caption has no value: --quiet after it is an option", "encode", "a.png", "--caption", "--quiet")]
    [InlineData("--caption has no value: -q after it", "demo", "a.png", "--caption", "-q")]
    [InlineData("--log has no value: --json", "decode", "a.perco", "--log", "--json")]
    [InlineData("--output has no value: --help", "encode", "a.png", "-o", "--help")]
    public void An_option_is_not_the_value_of_the_one_before(string expected, params string[] arguments) =>
        Assert.Contains(
            CommandLineApp.Build().Parse(arguments).Errors,
            error => error.Message.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("--log is empty", "encode", "a.png", "--log=", "--json")]
    [InlineData("--output is empty", "decode", "a.perco", "--output=", "-q")]
    [InlineData("--steps is '', expected a number", "decode", "a.perco", "--steps=", "5")]
    public void An_empty_value_is_not_the_next_argument(string expected, params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encode", "a.png", "b.png", "out.perco")]
    [InlineData("decode", "a.perco", "b.perco", "-o", "drawn.png")]
    public void Several_outputs_do_not_make_a_folder_named_like_a_file(params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is the name of one file", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_needs_names() => Assert.Equal(2, CliProcess.Run("eval", "-").ExitCode);

    [Fact]
    public void Without_a_verb_the_verbs_are_named()
    {
        var run = CliProcess.Run();
        Assert.Contains("encode, decode, info, demo, eval, verify", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("800000000", 800_000_000)]
    [InlineData("12KiB", 12 << 10)]
    [InlineData("600MiB", 600 << 20)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("1.5gib", 3L << 29)]
    [InlineData("2 GB", 2_000_000_000)]
    [InlineData("3mb", 3_000_000)]
    [InlineData("1TB", 1_000_000_000_000)]
    public void Sizes_of_memory_have_units(string text, long bytes)
    {
        Assert.True(MemoryOption.TryParse(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Fact]
    public void Captions_have_a_limit()
    {
        RootCommand root = CommandLineApp.Build();
        Assert.Empty(root.Parse(["encode", "a", "--caption", new string('x', 4096)]).Errors);
        Assert.Single(root.Parse(["encode", "a", "--caption", new string('x', 4097)]).Errors);
    }

    [Fact]
    public void The_version_is_printed()
    {
        var run = CliProcess.Run("--version");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^percoengine \d+\.\d+\.\d+\S*\s*$", run.Output);
    }

    [Fact]
    public void Every_option_and_argument_is_described_and_every_verb_has_examples()
    {
        foreach (Command verb in CommandLineApp.Build().Subcommands)
        {
            Assert.Contains("Examples:", verb.Description, StringComparison.Ordinal);
            Assert.Contains($"percoengine {verb.Name}", verb.Description, StringComparison.Ordinal);
            Assert.All(verb.Options, o => Assert.False(string.IsNullOrEmpty(o.Description), $"{verb.Name} {o.Name}"));
            Assert.All(verb.Arguments, a => Assert.False(string.IsNullOrEmpty(a.Description), $"{verb.Name} {a.Name}"));
            Assert.All(
                verb.Options.Where(o => !o.ValueType.IsAssignableFrom(typeof(bool))),
                o => Assert.False(string.IsNullOrEmpty(o.HelpName), $"{verb.Name} {o.Name} names no value"));
        }
    }

    [Theory]
    [InlineData("encode")]
    [InlineData("decode")]
    [InlineData("info")]
    [InlineData("demo")]
    [InlineData("eval")]
    [InlineData("verify")]
    public void Verbs_that_work_know_json_quiet_and_verbose(string name)
    {
        Command verb = CommandLineApp.Build().Subcommands.Single(v => v.Name == name);
        Assert.Superset(
            new HashSet<string> { "--json", "--quiet", "--verbose" }, verb.Options.Select(o => o.Name).ToHashSet());
    }

    [Theory]
    [InlineData("--weights is 'x', expected one of fp32, fp16, int8", "--weights", "x")]
    [InlineData("--weights is '3', expected one of", "--weights", "3")]
    [InlineData("--weights", "--weights")]
    [InlineData("--precision is '7', expected one of fp32, fp16, bf16", "--precision", "7")]
    public void Wrong_names_of_types_are_wrong_usage(string expected, params string[] options)
    {
        (int exitCode, _, string error) = CliProcess.Run(["decode", "a.perco", .. options]);
        Assert.Equal(2, exitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
