using System.Diagnostics;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Weights;

/// <summary>Checkpoints of PyTorch's own kind become safetensors with the same keys, types and bits.</summary>
public sealed class WeightsConverterTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly TemporaryFolder _folder = new();

    private string Converter => Path.Combine(TestPaths.Root, "weights-converter", "convert.py");

    [SkippableFact]
    public void A_model_folder_is_converted_and_the_rest_of_it_copied()
    {
        NeedTorch();
        Make(
            """
            import os, sys, json, torch
            root = os.path.join(sys.argv[1], "model", "unet")
            os.makedirs(root)
            open(os.path.join(root, "config.json"), "w").write("{}")
            torch.manual_seed(0)
            weights = {"a.weight": torch.randn(3, 5), "a.half": torch.randn(7).half(),
                       "b.brain": torch.randn(2, 2).bfloat16(), "b.steps": torch.tensor(12)}
            names = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
            torch.save({k: v for k, v in weights.items() if k[0] == "a"}, os.path.join(root, names[0]))
            torch.save({k: v for k, v in weights.items() if k[0] == "b"}, os.path.join(root, names[1]))
            index = {"weight_map": {k: names[k[0] == "b"] for k in weights}}
            json.dump(index, open(os.path.join(root, "pytorch_model.bin.index.json"), "w"))
            torch.save({"state_dict": {"x": weights["a.weight"]}, "epoch": 3}, os.path.join(sys.argv[1], "one.ckpt"))
            torch.save({"x": torch.tensor([1.0, float("nan")])}, os.path.join(sys.argv[1], "nan.pt"))
            """);
        (int code, string log) = Convert("model", "new");
        Assert.True(code == 0, log);
        Assert.Equal("{}", File.ReadAllText(_folder.File("new/unet/config.json")));
        Assert.Empty(Directory.EnumerateFiles(_folder.File("new"), "*.bin*", SearchOption.AllDirectories));
        using (WeightFolder weights = WeightFolder.Open(_folder.File("new/unet")))
        {
            Assert.Equal(["a.half", "a.weight", "b.brain", "b.steps"], weights.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(new Shape(3, 5), Get(weights, "a.weight").Shape);
            Assert.Equal(ElementType.Float16, Get(weights, "a.half").Type);
            Assert.Equal(ElementType.BFloat16, Get(weights, "b.brain").Type);
        }

        (code, log) = Convert("one.ckpt", "one.safetensors");
        Assert.True(code == 0, log);
        Assert.Contains("epoch", log, StringComparison.Ordinal);
        using (SafetensorsFile one = SafetensorsFile.Open(_folder.File("one.safetensors")))
        {
            using WeightFolder weights = WeightFolder.Open(_folder.File("new/unet"));
            Assert.True(one.TryGet("x", out HostTensor? x));
            Assert.Equal(Get(weights, "a.weight").ToFloats(), x.ToFloats());
        }

        (code, log) = Convert("nan.pt", "nan.safetensors");
        Assert.NotEqual(0, code);
        Assert.Contains("tensor 'x' is not finite", log, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("nan.safetensors")));
        Assert.False(File.Exists(_folder.File("nan.safetensors.partial")));
        Assert.Contains("exists already", Convert("one.ckpt", "one.safetensors").Log, StringComparison.Ordinal);
        Assert.Contains("no such file", Convert("none.pt", "none.safetensors").Log, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Code_in_a_checkpoint_is_not_run()
    {
        NeedTorch();
        Make(
            """
            import os, sys, torch
            class Evil:
                def __reduce__(self):
                    return (os.mkdir, (os.path.join(sys.argv[1], "harm"),))
            torch.save({"x": Evil()}, os.path.join(sys.argv[1], "evil.pt"))
            """);
        (int code, string log) = Convert("evil.pt", "evil.safetensors");
        Assert.NotEqual(0, code);
        Assert.Contains("cannot be read without running code", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Traceback", log, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("harm")));
    }

    public void Dispose() => _folder.Dispose();

    private static void NeedTorch()
    {
        Skip.If(!File.Exists(Python), $"{Python} is missing.");
        Skip.If(Run("-c", "import torch, numpy").Code != 0, $"{Python} has no torch: apt-get install python3-torch.");
    }

    private void Make(string script)
    {
        (int code, string log) = Run("-c", script, _folder.Path);
        Assert.True(code == 0, log);
    }

    private (int Code, string Log) Convert(string from, string to) =>
        Run(Converter, _folder.File(from), _folder.File(to));

    private static HostTensor Get(WeightFolder weights, string key) =>
        weights.TryGet(key, out HostTensor? tensor) ? tensor : throw new KeyNotFoundException(key);

    private static (int Code, string Log) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Python) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-B");
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
