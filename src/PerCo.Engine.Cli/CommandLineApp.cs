using System.CommandLine;
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
          percoengine decode photo.perco photo.png
          percoengine info photo.perco

        Exit codes: 0 done, 1 failed, 2 usage, 130 cancelled.
        """;

    public static RootCommand Build() => new(Description)
    {
        EncodeCommand.Build(),
        DecodeCommand.Build(),
        InfoCommand.Build(),
        DemoCommand.Build(),
        VerifyCommand.Build(),
    };

    public static async Task<int> RunAsync(string[] args)
    {
        ParseResult parsed = Build().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync($"percoengine: {error.Message}").ConfigureAwait(false);
            }

            await Console.Error.WriteLineAsync("Try 'percoengine --help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        // Errors reach Report below instead of System.CommandLine's own handler, which prints stack traces.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
        try
        {
            return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("percoengine: cancelled; nothing was written.").ConfigureAwait(false);
            return ExitCode.Cancelled;
        }
#pragma warning disable CA1031 // The top level: whatever went wrong becomes one line, never a stack trace at a user.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await ReportAsync(e, args.Contains("--verbose") || args.Contains("-v")).ConfigureAwait(false);
            return ExitCode.Failed;
        }
    }

    private static Task ReportAsync(Exception e, bool verbose)
    {
        string message = e switch
        {
            PerCoException => e.Message,
            OutOfMemoryException => "Out of memory. Try a smaller picture.",
            _ => $"Unexpected error: {e.Message} ({e.GetType().Name}). Run again with --verbose and report it.",
        };
        return Console.Error.WriteLineAsync($"percoengine: {message}{(verbose ? Environment.NewLine + e : "")}");
    }
}
