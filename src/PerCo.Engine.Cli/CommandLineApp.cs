using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using System.Text;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Cli.Verbs;

namespace PerCo.Engine.Cli;

/// <summary>The command line: its verbs, and the one place that turns errors into a line and an exit code.</summary>
internal static class CommandLineApp
{
    private const string Description =
        """
        Generative image compression (PerCo): a photograph becomes a caption and a few hundred bytes of codes, and a
        latent-diffusion model draws it back.

        Examples:
          percoengine demo photo.png                 encode, decode, and compare side by side
          percoengine encode photo.png photo.perco
          percoengine decode photo.perco drawn.png
          percoengine info photo.perco
          percoengine eval photos                    bytes, PSNR and MS-SSIM of each picture, and the means

        Exit codes: 0 done, 1 failed, 2 usage, 130 cancelled.
        """;

    /// <summary>The program's version, without the commit that builds append to it.</summary>
    public static string Version { get; } = typeof(CommandLineApp).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static RootCommand Build()
    {
        RootCommand root = new(Description)
        {
            EncodeCommand.Build(),
            DecodeCommand.Build(),
            InfoCommand.Build(),
            DemoCommand.Build(),
            EvalCommand.Build(),
            VerifyCommand.Build(),
            DevicesCommand.Build(),
            OpsCommand.Build(),
            BenchCommand.Build(),
        };
        root.Add(CompletionCommand.Build(root));
        root.Add(ManCommand.Build(root));
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction();
        foreach (Command verb in root.Subcommands)
        {
            verb.KeepOptionsApart(root.Options);
        }

        return root;
    }

    public static async Task<int> RunAsync(string[] args)
    {
        // Numbers are written as options take them, whatever the locale.
        CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        var output = new StreamWriter(new OutputStream(), new UTF8Encoding(false)) { AutoFlush = true };
        await using (output.ConfigureAwait(false))
        {
            Console.SetOut(output);
            try
            {
                return await ParseAndInvokeAsync(args).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Fail("cancelled; nothing was written.");
                return ExitCode.Cancelled;
            }
            catch (UsageException e)
            {
                Fail(e.Message);
                return ExitCode.Usage;
            }
#pragma warning disable CA1031 // The top level: whatever went wrong becomes one line, never a stack trace at a user.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail(ErrorText.Of(e));
                if (args.Contains("--verbose") || args.Contains("-v"))
                {
                    await Console.Error.WriteLineAsync(e.ToString()).ConfigureAwait(false);
                }

                return ExitCode.Failed;
            }
        }
    }

    private static async Task<int> ParseAndInvokeAsync(string[] args)
    {
        // Paths may begin with "@", which must not be read as a file of arguments. An empty value after "=" would be
        // forgotten, and the next argument taken for it.
        ParseResult parsed = Build().Parse(
            [.. args.SelectMany(arg => IsEmptyOption(arg) ? [arg[..^1], ""] : new[] { arg })],
            new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            Command command = parsed.CommandResult.Command;
            bool noVerb = command is RootCommand && (args.Length == 0 || parsed.UnmatchedTokens.Count > 0);
            foreach (string error in noVerb ? [NoVerb(parsed, command)]
                : parsed.Errors.Select(error => error.Message.ReplaceLineEndings(" ")))
            {
                Fail(error);
            }

            string verb = command is RootCommand ? "" : command.Name + " ";
            await Console.Error.WriteLineAsync($"Try 'percoengine {verb}--help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        // Errors reach the handlers below instead of System.CommandLine's own, which prints stack traces, and signals
        // ours, which waits for a denoising step however long that takes.
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        using var signals = new Signals();
        StandardStreams.Cancellation = signals.Token;
        return await parsed.InvokeAsync(invocation, signals.Token).ConfigureAwait(false);
    }

    private static string NoVerb(ParseResult parsed, Command root) =>
        (parsed.UnmatchedTokens is [var wrong, ..] ? $"'{wrong}' is no verb" : "There is no verb")
        + ", expected one of "
        + string.Join(", ", root.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name)) + ".";

    private static bool IsEmptyOption(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.IndexOf('=') == argument.Length - 1;

    private static void Fail(string message) => new Messages(quiet: false, verbose: false).Error(message);

    /// <summary>--version: the program's name and version.</summary>
    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            Console.Out.WriteLine($"percoengine {Version}");
            return ExitCode.Done;
        }
    }
}
