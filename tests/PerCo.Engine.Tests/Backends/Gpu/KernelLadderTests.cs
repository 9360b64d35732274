using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>kernels/ladder is a course: complete, in order, and it ends at the kernels that are used.</summary>
public sealed class KernelLadderTests
{
    private const int LeastComment = 4;

    private static readonly string Folder = Path.Combine(TestPaths.Root, "kernels", "ladder");

    [Fact]
    public void Files_are_the_rungs_numbered_without_gaps()
    {
        string?[] files = [.. Directory.GetFiles(Folder, "*.cl").Select(Path.GetFileNameWithoutExtension).Order()];
        Assert.Equal(files, KernelLadder.Rungs.Select(rung => rung.Name));
        Assert.All(files.Index(), file => Assert.StartsWith($"{file.Index + 1}_", file.Item, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_file_begins_with_its_number_a_sentence_and_what_bounds_it()
    {
        foreach ((int index, LadderRung rung) in KernelLadder.Rungs.Index())
        {
            string[] lines = File.ReadAllLines(Path.Combine(Folder, $"{rung.Name}.cl"));
            string[] comment = [.. lines.TakeWhile(line => line.StartsWith("// ", StringComparison.Ordinal))];
            Assert.StartsWith($"// {index + 1}: {rung.Title}.", comment[0], StringComparison.Ordinal);
            Assert.InRange(rung.Title.Length, 20, 80);
            Assert.True(comment.Length >= LeastComment, $"{rung.Name} says too little.");
            Assert.Contains(comment, line => line.Contains("bound", StringComparison.Ordinal));
            Assert.Contains($"`{rung.Name}`", File.ReadAllText(Path.Combine(Folder, "README.md")));
        }
    }

    [Fact]
    public void It_ends_at_the_kernels_that_are_used_which_have_no_copies()
    {
        LadderRung[] used = [.. KernelLadder.Rungs.Where(rung => rung.IsOfEngine)];
        Assert.Equal(
            KernelVariants.All.Where(variant => variant.Op == "Linear").Reverse(), used.Select(rung => rung.Variant));
        Assert.Equal(used[^1], KernelLadder.Rungs[^1]);
        Assert.All(used, rung => Assert.Equal(
            [$"#include \"{rung.Variant.Name}.cl\""],
            File.ReadAllLines(Path.Combine(Folder, $"{rung.Name}.cl"))
                .Where(line => !line.StartsWith("//", StringComparison.Ordinal))));
    }

    [Fact]
    public void Products_that_are_timed_are_those_of_the_networks()
    {
        Assert.All(KernelLadder.UNetShapes, shape => Assert.Contains(OpTrials.UNet, trial => Is(trial, shape)));
        Assert.All(KernelLadder.QuickShapes, shape => Assert.Contains(OpTrials.Mini, trial => Is(trial, shape)));

        static bool Is(OpTrial trial, LinearShape shape) => trial.Op == "Linear"
            && trial.Shape.StartsWith($"{shape.Rows}x{shape.Inputs}->{shape.Outputs}", StringComparison.Ordinal);
    }

    /// <summary>The rungs that compute in some precisions.</summary>
    internal static TheoryData<string, GpuPrecision> RungsIn(params ReadOnlySpan<GpuPrecision> precisions)
    {
        var data = new TheoryData<string, GpuPrecision>();
        foreach (GpuPrecision precision in precisions)
        {
            foreach (LadderRung rung in KernelLadder.Rungs.Where(rung => rung.Variant.Computes(precision)))
            {
                data.Add(rung.Name, precision);
            }
        }

        return data;
    }

    /// <summary>Compares a rung with the reference.</summary>
    internal static void Check(GpuBackend backend, string name)
    {
        LadderRung rung = KernelLadder.Rungs.Single(rung => rung.Name == name);
        using var reference = new ReferenceBackend();
        foreach (LinearShape shape in KernelLadder.OddShapes)
        {
            OpTrial trial = rung.Trial(shape);
            var found = OpDifference.Between(
                trial.Run(reference, backend.Precision), trial.Run(backend, backend.Precision));
            Assert.True(found.Within(trial.Bound(backend)), $"{name} {shape}: {found}");
        }
    }
}

/// <summary>Every rung on OpenCL, by emulation where it is for tensor cores.</summary>
[Collection(OpenClCollection.Name)]
public sealed class OpenClLadderTests(OpenClFp32Fixture fp32, OpenClFp16Fixture fp16, MmaFp16Fixture mma)
{
    public static TheoryData<string, GpuPrecision> Rungs =>
        KernelLadderTests.RungsIn(GpuPrecision.Fp32, GpuPrecision.Fp16);

    [SkippableTheory]
    [MemberData(nameof(Rungs))]
    public void Results_are_those_of_the_reference(string rung, GpuPrecision precision)
    {
        BackendFixture fixture = precision == GpuPrecision.Fp32 ? fp32
            : rung.Contains("mma", StringComparison.Ordinal) ? mma : fp16;
        KernelLadderTests.Check((GpuBackend)fixture.Backend, rung);
    }
}
