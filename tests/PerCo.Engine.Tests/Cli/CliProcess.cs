using System.Diagnostics;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Runs the built command line as a process of its own.</summary>
internal static class CliProcess
{
    /// <summary>Where the process's files lie; percoengine.dll is beside the tests.</summary>
    private static string Program => Path.Combine(AppContext.BaseDirectory, "percoengine.dll");

    public static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Program);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(true);
            throw new TimeoutException($"percoengine {string.Join(' ', arguments)} did not end.");
        }

        return (process.ExitCode, output, error.Result);
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("percoengine-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, true);
}
