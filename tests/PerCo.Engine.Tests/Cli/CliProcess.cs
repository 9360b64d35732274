using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Runs the built command line as a process of its own.</summary>
internal static partial class CliProcess
{
    public const int SigInt = 2;
    public const int SigTerm = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Where the process's files lie; percoengine.dll is beside the tests.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "percoengine.dll");

    public static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        (int exitCode, byte[] output, string error) = Pipe([], arguments);
        return (exitCode, Encoding.UTF8.GetString(output), error);
    }

    /// <summary>
    /// The same arguments with the CPU named, where that is not said: a line about missing GPUs is left out then.
    /// </summary>
    public static string[] OnCpu(params string[] arguments) =>
        arguments[0] is "encode" or "decode" && !arguments.Contains("--device")
            ? [.. arguments, "--device", "cpu"]
            : arguments;

    /// <summary>Runs with bytes on standard input, and takes bytes from standard output.</summary>
    public static (int ExitCode, byte[] Output, string Error) Pipe(byte[] input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task write = Task.Run(() =>
        {
            try
            {
                process.StandardInput.BaseStream.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // The process ended without reading all of it.
            }
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        return (End(process), output.ToArray(), error.Result);
    }

    /// <summary>Runs a line of shell, in which $P is the command line.</summary>
    public static (int ExitCode, string Output, string Error) Shell(string script)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"P='dotnet {Program}'; {script}");
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        return (End(process), output, error.Result);
    }

    /// <summary>Starts a process that can be sent signals, also where the tests themselves ignore them.</summary>
    public static Process Start(params string[] arguments)
    {
        bool reset = OperatingSystem.IsLinux();
        var start = new ProcessStartInfo(reset ? "env" : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] before = reset ? ["--default-signal=INT,TERM", "dotnet", Program] : [Program];
        foreach (string argument in before.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    public static void Signal(Process process, int signal)
    {
        if (Kill(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"The process {process.Id} could not be signalled.");
        }
    }

    public static int End(Process process)
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill(true);
            throw new TimeoutException("percoengine did not end.");
        }

        return process.ExitCode;
    }

    /// <summary>Waits until something is so; false where the process ended before.</summary>
    public static bool WaitFor(Process process, Func<bool> condition)
    {
        while (!condition())
        {
            if (process.WaitForExit(2))
            {
                return condition();
            }
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
