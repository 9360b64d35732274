using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.OpenCl;
using PerCo.Engine.Backends.Gpu.Trust;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Trust;

/// <summary>Faults of a device are found before anything is computed, and met.</summary>
[Collection(OpenClCollection.Name)]
public sealed class DeviceTrustTests(OpenClFp32Fixture fixture) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("percoengine-trust-").FullName;
    private readonly List<string> _notices = [];

    [SkippableTheory]
    [InlineData(GpuPrecision.Fp32)]
    [InlineData(GpuPrecision.Fp16)]
    [InlineData(GpuPrecision.Bf16)]
    public void Every_kernel_passes_on_a_sound_device(GpuPrecision precision)
    {
        Assert.NotNull(fixture.Backend);
        using var backend = GpuBackend.Open(
            "opencl", null, new GpuOptions { Precision = precision, Check = false });
        IReadOnlyList<KernelVerdict> verdicts = KernelCheck.Run(backend);
        Assert.All(verdicts, verdict => Assert.Null(verdict.Failure));
        Assert.Equal(OpTrials.Ops, verdicts.Select(verdict => verdict.Op).Distinct());
    }

    [SkippableFact]
    public void A_plain_kernel_that_is_wrong_refuses_the_device()
    {
        var error = Assert.Throws<PerCoException>(() => Open(new Fault(Kernel: "linear")));
        Assert.Contains("kernel linear is wrong on this device", error.Message, StringComparison.Ordinal);
        Assert.Contains("normalised error", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.Cpu], error.Remedies);
    }

    [SkippableFact]
    public void A_plain_kernel_that_does_not_build_refuses_the_device()
    {
        var error = Assert.Throws<PerCoException>(() => Open(new Fault(Program: "group_norm")));
        Assert.Contains("kernel group_norm does not run", error.Message, StringComparison.Ordinal);
        Assert.Contains("CL_BUILD_PROGRAM_FAILURE", error.Message, StringComparison.Ordinal);

        // What kept it from running may be gone at the next start.
        Open(new Fault()).Dispose();
    }

    [SkippableFact]
    public void A_fast_kernel_that_breaks_the_device_is_left_out_at_the_next_start()
    {
        var error = Assert.Throws<PerCoException>(() => Open(Driver(new Fault(Breaks: "linear_mma")), emulate: true));
        Assert.Contains("no longer answers since kernel linear_mma", error.Message, StringComparison.Ordinal);
        Assert.Contains("Start again", error.Message, StringComparison.Ordinal);

        using GpuBackend again = Open(Driver(new Fault(Breaks: "linear_mma")), emulate: true);
        Assert.False(again.Uses(KernelVariants.LinearMma));
        Assert.True(again.Uses(KernelVariants.Conv2dMma));
        Assert.Contains("did not come to an end", _notices[^1], StringComparison.Ordinal);
        using GpuBackend third = Open(Driver(new Fault(Breaks: "linear_mma")), emulate: true);
        Assert.False(third.Uses(KernelVariants.LinearMma));
    }

    [SkippableFact]
    public void A_fast_kernel_that_hangs_is_not_waited_for_and_left_out_at_the_next_start()
    {
        var error = Assert.Throws<PerCoException>(() => Open(Driver(new Fault(Hangs: "linear_mma")), emulate: true));
        Assert.Contains("linear_mma does not come to an end with Linear", error.Message, StringComparison.Ordinal);
        Assert.Contains("Start again", error.Message, StringComparison.Ordinal);

        using GpuBackend again = Open(Driver(new Fault(Hangs: "linear_mma")), emulate: true);
        Assert.False(again.Uses(KernelVariants.LinearMma));
        Assert.True(again.Uses(KernelVariants.Conv2dMma));
    }

    [SkippableFact]
    public void Without_a_choice_a_gpu_that_hangs_gives_way_to_the_cpu()
    {
        FaultyDriver driver = Driver(new Fault(Hangs: "attention"), looksLikeAGpu: true);
        var gpu = new GpuOptions { Cache = false, Notice = _notices.Add, Patience = () => driver.Hanging };
        using Backend backend = AutomaticDevice.Create(new CpuOptions(), gpu, [driver]);
        Assert.IsType<CpuBackend>(backend);
        Assert.Contains("kernel attention does not come to an end", _notices[^1], StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("linear_mma", null)]
    [InlineData("conv2d_mma", null)]
    [InlineData("attention_mma", null)]
    [InlineData(null, "conv2d_mma")]
    public void A_fast_kernel_that_is_wrong_gives_way_to_the_plain_one(string? kernel, string? program)
    {
        string named = kernel ?? program!;
        using (GpuBackend backend = Open(Driver(new Fault(program, kernel)), emulate: true))
        {
            Check(backend);
        }

        // The next start knows what is wrong, and tries once more what did not run.
        _notices.Clear();
        using GpuBackend again = Open(Driver(new Fault(program, kernel)), emulate: true);
        Check(again);
        Assert.Equal(kernel is null ? 2 : 1, _notices.Count);

        void Check(GpuBackend backend)
        {
            Assert.Contains($"kernel {named} ", _notices[^1], StringComparison.Ordinal);
            Assert.Contains("on this device", _notices[^1], StringComparison.Ordinal);
            Assert.Equal(
                KernelVariants.All.Where(variant => variant.Name != named && backend.Lacks(variant) is null),
                KernelVariants.All.Where(backend.Uses));
            OpTrial trial = OpTrials.Short.First(t => t.Op == KernelVariants.All.First(v => v.Name == named).Op);
            float[] expected = trial.Run(fixture.Reference, backend.Precision);
            Assert.True(OpDifference.Between(expected, trial.Run(backend, backend.Precision))
                .Within(trial.Bound(backend)));
        }
    }

    [SkippableFact]
    public void The_second_start_takes_the_verdict_of_the_first()
    {
        FaultyDriver sound = Driver(new Fault());
        Open(sound).Dispose();
        Assert.Contains(_notices, notice => notice.Contains("first use", StringComparison.Ordinal));
        Assert.True(sound.Launches > 0);

        FaultyDriver again = Driver(new Fault());
        _notices.Clear();
        Open(again).Dispose();
        Assert.Empty(_notices);
        Assert.Equal(0, again.Launches);
    }

    [SkippableFact]
    public void Without_a_choice_a_wrong_device_gives_way_to_the_cpu()
    {
        var gpu = new GpuOptions { Cache = false, Notice = _notices.Add };
        using Backend backend = AutomaticDevice.Create(
            new CpuOptions(), gpu, [Driver(new Fault(Kernel: "attention"), looksLikeAGpu: true)]);
        Assert.IsType<CpuBackend>(backend);
        Assert.Contains("kernel attention is wrong", _notices[^1], StringComparison.Ordinal);
        Assert.DoesNotContain('\n', _notices[^1]);
    }

    [SkippableFact]
    public void Without_a_choice_a_wrong_gpu_gives_way_to_the_next_one()
    {
        Assert.NotNull(fixture.Backend);
        var driver = new FaultyDriver(
            new OpenClDriver(), new Fault(Kernel: "attention"), looksLikeAGpu: true, hasASoundOne: true);
        using Backend backend = AutomaticDevice.Create(
            new CpuOptions(), new GpuOptions { Cache = false, Notice = _notices.Add }, [driver]);
        Assert.IsType<GpuBackend>(backend);
    }

    [SkippableFact]
    public void Without_a_choice_a_sound_gpu_is_used()
    {
        using Backend backend = AutomaticDevice.Create(
            new CpuOptions(), new GpuOptions { Check = false }, [Driver(new Fault(), looksLikeAGpu: true)]);
        Assert.IsType<GpuBackend>(backend);
    }

    [SkippableFact]
    public void A_processor_is_no_gpu_and_strict_is_the_cpu()
    {
        var gpu = new GpuOptions { Notice = _notices.Add };
        using Backend backend = AutomaticDevice.Create(new CpuOptions(), gpu, [Driver(new Fault())]);
        Assert.IsType<CpuBackend>(backend);
        Assert.Contains("opencl: no GPU was found", Assert.Single(_notices), StringComparison.Ordinal);
        using Backend strict = AutomaticDevice.Create(
            new CpuOptions { Strict = true }, gpu, [Driver(new Fault(), looksLikeAGpu: true)]);
        Assert.IsType<CpuBackend>(strict);
        Assert.Single(_notices);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private FaultyDriver Driver(Fault fault, bool looksLikeAGpu = false)
    {
        Assert.NotNull(fixture.Backend);
        return new FaultyDriver(new OpenClDriver(), fault, looksLikeAGpu);
    }

    private GpuBackend Open(Fault fault) => Open(Driver(fault));

    private GpuBackend Open(FaultyDriver driver, bool emulate = false)
    {
        var options = new GpuOptions
        {
            Precision = emulate ? GpuPrecision.Fp16 : GpuPrecision.Fp32,
            EmulateTensorCores = emulate,
            Check = false,
        };
        var backend = GpuBackend.Open(driver, GpuBackend.Choose(driver, null), options);
        try
        {
            DeviceTrust.Establish(
                backend, new VerdictCache(backend.Device, backend.Precision, _folder), _notices.Add,
                () => driver.Hanging);
            return backend;
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }
}
