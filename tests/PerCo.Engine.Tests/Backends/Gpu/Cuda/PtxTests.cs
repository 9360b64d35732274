using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>The committed PTX belongs to the committed kernels.</summary>
public sealed partial class PtxTests
{
    // What every CUDA device gives a group without being asked for more.
    private const int StaticSharedMemory = 48 << 10;

    // Most that a group can ask for: of compute capability 8.0 and newer the least, that of 8.6, 8.9 and 12.0; and 9.0.
    private const int AmpereSharedMemory = 99 << 10;
    private const int HopperSharedMemory = 227 << 10;
    private const int HopperCapability = 90;

    private static readonly string Kernels = Path.Combine(TestPaths.Root, "kernels");
    private static readonly string Ptx = Path.Combine(Kernels, "ptx");

    // Sources with PTX of their own, as paths from kernels/. A rung of the ladder that is another kernel has none.
    private static IEnumerable<string> Sources => Directory.GetFiles(Kernels, "*.cl").Select(Path.GetFileName)
        .Concat(KernelLadder.Rungs.Where(rung => !rung.IsOfEngine).Select(rung => $"{rung.Variant.Name}.cl"))
        .Order(StringComparer.Ordinal)!;

    public static TheoryData<string, GpuPrecision> Programs()
    {
        var programs = new TheoryData<string, GpuPrecision>();
        foreach (string source in Sources)
        {
            string program = Path.ChangeExtension(source, null);
            foreach (GpuPrecision precision in (GpuPrecision[])
                [GpuPrecision.Fp32, GpuPrecision.Fp16, GpuPrecision.Bf16])
            {
                if (Variant(program)?.Computes(precision) ?? true)
                {
                    programs.Add(program, precision);
                }
            }
        }

        return programs;
    }

    [Fact]
    public void Manifest_has_the_hash_of_every_source_and_file()
    {
        using JsonDocument manifest = Manifest();
        byte[] headers = [.. Directory.GetFiles(Kernels, "*.h").Order(StringComparer.Ordinal).SelectMany(Content)];
        var sources = new HashSet<string>();
        var files = new List<string>();
        foreach (JsonElement entry in manifest.RootElement.GetProperty("files").EnumerateArray())
        {
            string source = entry.GetProperty("source").GetString()!, file = entry.GetProperty("file").GetString()!;
            Assert.True(
                Hash([.. Content(Path.Combine(Kernels, source)), .. headers])
                    == entry.GetProperty("sourceHash").GetString(),
                $"{source} or a header changed after {file} was made: run kernels/build-ptx.sh and commit.");
            Assert.True(
                Hash(Content(Path.Combine(Ptx, file))) == entry.GetProperty("ptxHash").GetString(),
                $"{file} is not what kernels/build-ptx.sh made: run it and commit.");
            sources.Add(source);
            files.Add(file);
        }

        Assert.Equal(Sources.Order(), sources.Order());
        Assert.Equal(PtxFiles.Order(), files.Order());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Every_kernel_is_there_with_its_group_size(string name, GpuPrecision precision)
    {
        var program = new GpuProgram(name, precision);
        int oldest = OldestCapability(name);
        PtxFile ptx = PtxFile.Load(program, oldest);
        string[] kernels = [.. KernelName().Matches(KernelSource.Load($"{name}.cl")).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(kernels);
        foreach (string kernel in kernels)
        {
            Assert.InRange(ptx.GroupSize(kernel), 32, 1024);
        }

        Assert.Equal(kernels.Length, PtxFileEntry().Count(ptx.Text));
        Assert.DoesNotContain(".extern .func", ptx.Text, StringComparison.Ordinal);
        Assert.InRange(
            SharedArray().Matches(ptx.Text).Sum(m => int.Parse(m.Groups[1].Value, null)), 0, StaticSharedMemory);
        int most = kernels.Max(ptx.DynamicShared);
        Assert.Equal(ptx.Text.Contains(".extern .shared", StringComparison.Ordinal), most > 0);
        Assert.InRange(most, 0, oldest == HopperCapability ? HopperSharedMemory : AmpereSharedMemory);
        Assert.Throws<ArgumentException>(() => ptx.GroupSize("no_such_kernel"));
        Assert.Throws<PerCoException>(() => PtxFile.Load(program, oldest - 1));
    }

    [SkippableFact]
    public void The_compiler_makes_the_committed_files()
    {
        using JsonDocument manifest = Manifest();
        string expected = manifest.RootElement.GetProperty("compiler").GetString()!;
        string found = OperatingSystem.IsLinux() ? Run("clang-19", ["--version"]).Split('\n')[0] : "";
        Skip.If(found != expected, $"needs '{expected}', found '{found}'");
        DirectoryInfo made = Directory.CreateTempSubdirectory("percoengine-ptx-");
        try
        {
            string said = Run(Path.Combine(Kernels, "build-ptx.sh"), [made.FullName]);
            Assert.True(
                File.Exists(Path.Combine(made.FullName, "manifest.json")), $"kernels/build-ptx.sh failed: {said}");
            Assert.Equal(
                File.ReadAllText(Path.Combine(Ptx, "manifest.json")).ReplaceLineEndings("\n"),
                File.ReadAllText(Path.Combine(made.FullName, "manifest.json")));
        }
        finally
        {
            made.Delete(true);
        }
    }

    [SkippableFact]
    public void Ptxas_assembles_every_file_to_the_recorded_resources()
    {
        string ptxas = Environment.GetEnvironmentVariable("PTXAS") ?? "ptxas";
        Skip.If(
            Run(ptxas, ["--version"]).Length == 0,
            "ptxas is absent (Debian: nvidia-cuda-toolkit; or its path in PTXAS)");
        string[] made = Run(Path.Combine(Kernels, "ptx-resources.sh"), []).Trim().Split('\n');
        Assert.Equal(
            PtxFiles.Order(StringComparer.Ordinal),
            made.Skip(2).Select(line => line.Split(',')[0]).Distinct().Order(StringComparer.Ordinal));
        CheckSpills(made);
        string[] recorded = Resources();
        Skip.If(made[0] != recorded[0], $"resources were recorded by '{recorded[0]}', found '{made[0]}'");
        Assert.Equal(recorded, made);
    }

    [Fact]
    public void Recorded_resources_are_those_of_the_kernels_and_nothing_large_spills()
    {
        string[] recorded = Resources();
        IEnumerable<string> kernels = PtxFiles.SelectMany(file =>
            EntryName().Matches(File.ReadAllText(Path.Combine(Ptx, file))).Select(m => $"{file},{m.Groups[1].Value}"));
        Assert.Equal(
            kernels.Order(StringComparer.Ordinal),
            recorded.Skip(2).Select(line => string.Join(',', line.Split(',')[..2])).Order(StringComparer.Ordinal));
        CheckSpills(recorded);
    }

    // Columns: file, kernel, registers, stack, spill_stores, spill_loads, shared_memory.
    private static void CheckSpills(IEnumerable<string> resources) => Assert.All(
        resources.Skip(2).Select(line => line.Split(',')).Where(columns => HotKernel().IsMatch(columns[0])),
        columns => Assert.Equal(["0", "0", "0"], columns[3..6]));

    private static string[] Resources() =>
        File.ReadAllText(Path.Combine(Ptx, "resources.csv")).ReplaceLineEndings("\n").Trim().Split('\n');

    // Paths from kernels/ptx, with forward slashes.
    private static IEnumerable<string> PtxFiles =>
        Directory.GetFiles(Ptx, "*.ptx", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Ptx, file).Replace('\\', '/'));

    private static KernelVariant? Variant(string program) =>
        KernelVariants.All.Concat(KernelLadder.Rungs.Select(rung => rung.Variant))
            .FirstOrDefault(variant => variant.Name == program);

    private static int OldestCapability(string program) =>
        Variant(program)?.Need switch
        {
            KernelNeed.TensorCores => 80,
            KernelNeed.WarpGroups => HopperCapability,
            _ => CudaDriver.OldestCapability,
        };

    private static JsonDocument Manifest() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Ptx, "manifest.json")));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    // A checkout on Windows may have carriage returns.
    private static byte[] Content(string path) => Encoding.UTF8.GetBytes(File.ReadAllText(path).Replace("\r\n", "\n"));

    // What a command prints; nothing where there is no such command.
    private static string Run(string command, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return output + errors.Result;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }

    [GeneratedRegex(@"^KERNEL\((\w+),", RegexOptions.Multiline)]
    private static partial Regex KernelName();

    [GeneratedRegex(@"^((linear|conv2d|attention)(_|\.)|ladder/)")]
    private static partial Regex HotKernel();

    [GeneratedRegex(@"\.entry (\w+)")]
    private static partial Regex EntryName();

    [GeneratedRegex(@"\.entry ")]
    private static partial Regex PtxFileEntry();

    [GeneratedRegex(@"\.shared .*\[(\d+)\];")]
    private static partial Regex SharedArray();
}
