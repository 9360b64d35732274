using System.Reflection;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>The trials that devices are checked and timed with.</summary>
public sealed class OpTrialsTests
{
    [Fact]
    public void Every_op_of_a_backend_has_a_trial()
    {
        string[] ops = [.. typeof(Backend).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(method => method.IsAbstract && method.Name.EndsWith("Core", StringComparison.Ordinal))
            .Select(method => method.Name[..^"Core".Length])];
        Assert.Equal(ops.Append(OpSupport.DenoiseStep).Order(), OpTrials.Ops.Order());
        Assert.All(OpTrials.Sets.SelectMany(set => set.Trials), trial => Assert.Contains(trial.Op, OpTrials.Ops));
    }

    [Fact]
    public void The_cpu_passes_the_short_trials()
    {
        using var reference = new ReferenceBackend();
        using var cpu = new CpuBackend(new CpuOptions { Threads = 2 });
        foreach (OpTrial trial in OpTrials.Short)
        {
            var found = OpDifference.Between(
                trial.Run(reference, GpuPrecision.Fp32), trial.Run(cpu, GpuPrecision.Fp32));
            Assert.True(found.Within(trial.Bound(cpu)), $"{trial}: {found}");
        }
    }

    /// <summary>A race shows in some results; zeros of either sign are different bits.</summary>
    [Fact]
    public void Results_that_change_from_run_to_run_are_counted()
    {
        using var reference = new ReferenceBackend();
        var results = new Queue<float>([0f, 0f, -0f, 1f, 0f]);
        var trial = new OpTrial(
            "Add", "changing", OpTolerance.Sum, 0, 0,
            o => () => o.Backend.Upload(new Shape(1, 1, 1), [results.Dequeue()]));
        Assert.Equal(2, trial.RunRepeatedly(reference, GpuPrecision.Fp32, 5).Differing);
        Assert.Equal(0, OpTrials.Short[0].RunRepeatedly(reference, GpuPrecision.Fp32, 2).Differing);
    }

    [Theory]
    [InlineData(float.NaN, 1f, false)]
    [InlineData(1f, float.NaN, false)]
    [InlineData(float.NaN, float.NaN, true)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, true)]
    [InlineData(float.PositiveInfinity, 1f, false)]
    [InlineData(1f, 1.1f, false)]
    public void A_difference_is_within_bounds_only_where_values_agree(float expected, float actual, bool within) =>
        Assert.Equal(within, OpDifference.Between([1, expected], [1, actual]).Within(OpTolerance.Sum));

    [Fact]
    public void Every_op_has_a_kernel_on_every_gpu_or_says_why_not()
    {
        Assert.All(OpSupport.Table, support => Assert.True(
            support.Reason is not null || support.Backend is "reference" or "cpu" || support.Kernels.Count > 0,
            $"{support.Op} on {support.Backend}"));
        Assert.All(OpSupport.Table.Where(support => support.Backend is "opencl" or "cuda"),
            support => Assert.Null(support.Reason));
    }
}
