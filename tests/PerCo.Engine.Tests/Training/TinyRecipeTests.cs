using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace PerCo.Engine.Tests.Training;

/// <summary>The recipe in training/, from pictures to a model that the engine computes as PyTorch does.</summary>
public class TinyRecipeTests(ITestOutputHelper output)
{
    private const string Python = "/usr/bin/python3";

    // On two idle cores it takes well under a minute.
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(10);

    [SkippableFact]
    public void One_command_trains_exports_and_verifies()
    {
        Skip.If(!File.Exists(Python), $"{Python} is missing.");
        Skip.If(
            Run(["-c", "import torch, numpy, PIL"], []).Code != 0,
            $"{Python} has no torch, numpy or PIL: apt-get install python3-torch python3-numpy python3-pil.");
        string cli = Path.Combine(AppContext.BaseDirectory, "percoengine.dll");
        string folder = Directory.CreateTempSubdirectory("perco-recipe-").FullName;
        try
        {
            string pictures = Path.Combine(folder, "pictures");
            string picture = Path.Combine(TestPaths.Root, "examples", "kodim23.png");
            (int made, string makingLog) = Run(["-m", "training.tiny", picture, pictures], []);
            Assert.True(made == 0, makingLog);

            Dictionary<string, string> environment = new()
            {
                ["PERCO_RUN"] = folder,
                ["PERCO_PICTURES"] = pictures,
                ["PERCOENGINE"] = $"dotnet '{cli}'",
            };
            Train("tiny", environment);
            Assert.True(File.Exists(Path.Combine(folder, "model", "perco.json")));
            Assert.True(File.Exists(Path.Combine(folder, "denoiser", "curve.csv")));

            // From that model to one with more latent channels, and a captioner that learns from a larger network.
            string teacher = Path.Combine(TestPaths.Shared ?? string.Empty, "training", "efficientnet-lite0");
            string[] distillation = Directory.Exists(teacher)
                ? ["--set", $"perceptual=\"{teacher}\"", "--set", "captioner.distill=1.0"] : [];
            if (distillation.Length == 0)
            {
                output.WriteLine($"without distillation: {teacher} is missing");
            }

            Train("tiny-widened", environment, distillation);
            string vae = File.ReadAllText(Path.Combine(folder, "widened", "model", "vae", "config.json"));
            Assert.Contains("\"latent_channels\": 6", vae);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Train(string configuration, Dictionary<string, string> environment, params string[] more)
    {
        (int code, string log) = Run(
            ["-m", "training", "all", "--config", $"training/configs/{configuration}.json", .. more], environment);
        output.WriteLine(log);
        Assert.True(code == 0, log);
        Assert.Contains("decoder verified", Summary(log));
    }

    // A picture's row of `verify` that passed: "mini   0 picture   60.1   50   ok".
    private static string Summary(string log) =>
        log.Split('\n').Any(line => line.Contains("0 picture") && line.TrimEnd().EndsWith("pass"))
            ? "decoder verified"
            : $"no verified picture in:{Environment.NewLine}{log}";

    private static (int Code, string Log) Run(string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Python, arguments)
        {
            WorkingDirectory = TestPaths.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> standard = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(_limit))
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
        return (process.ExitCode, standard.Result + error.Result);
    }
}
