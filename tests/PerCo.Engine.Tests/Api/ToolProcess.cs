using System.Diagnostics;

namespace PerCo.Engine.Tests.Api;

/// <summary>Runs a program to its end.</summary>
internal static class ToolProcess
{
    /// <summary>The configuration that these tests were built in.</summary>
    public static string Configuration =>
        AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar).Contains("Debug") ? "Debug" : "Release";

    /// <summary>Runs the program in the repository's root, and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed, or did not end in 15 minutes.</exception>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = TestPaths.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The test runner's own MSBuild settings would lead a second one astray.
        foreach (string name in start.Environment.Keys.Where(
            key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(15)))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} did not end.");
        }

        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} exited with {process.ExitCode}: {output.Result}"
                + error.Result);
    }
}
