namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>
/// Decides which kernels a backend uses: those that have passed their check on this device with this driver, now or at
/// an earlier start.
/// </summary>
internal static class DeviceTrust
{
    /// <summary>Applies the verdicts of an earlier start, or checks the device.</summary>
    /// <param name="backend">A new backend.</param>
    /// <param name="cache">Where verdicts are kept; null for nowhere.</param>
    /// <param name="notice">Is told what takes time, and which kernel is not used and why.</param>
    /// <param name="patience">See <see cref="KernelCheck.Run"/>.</param>
    /// <exception cref="PerCoException">
    /// An op has no kernel that computes correctly, or a kernel has taken the device along.
    /// </exception>
    public static void Establish(
        GpuBackend backend, VerdictCache? cache, Action<string>? notice, Func<Task>? patience = null)
    {
        IReadOnlyList<KernelVerdict>? verdicts = cache?.Read();
        if (verdicts is null)
        {
            notice?.Invoke($"{backend.Name}: first use of {backend.Device.Name}: checking its kernels, once");
            verdicts = KernelCheck.Run(backend, journal: cache?.Journal, patience: patience);
            cache?.Write(verdicts);
        }

        Apply(backend, verdicts, notice);
    }

    /// <summary>Uses the kernels that have passed.</summary>
    /// <exception cref="PerCoException">An op has no kernel that computes correctly.</exception>
    public static void Apply(GpuBackend backend, IReadOnlyList<KernelVerdict> verdicts, Action<string>? notice)
    {
        foreach (KernelVerdict verdict in verdicts)
        {
            KernelVariant? variant = KernelVariants.All.FirstOrDefault(v => v.Name == verdict.Kernel && !v.IsPlain);
            if (variant is not null && verdict.Passed && backend.Lacks(variant) is null)
            {
                backend.Trust(variant);
            }
            else if (variant is not null)
            {
                backend.Exclude(variant);
                if (!verdict.Passed)
                {
                    notice?.Invoke($"{backend.Name}: warning: kernel {verdict.Kernel} {verdict.Fault} "
                        + $"({verdict.Failure}); {verdict.Op} uses a slower one.");
                }
            }
        }

        if (verdicts.FirstOrDefault(verdict => verdict is { Passed: false, IsPlain: true }) is { } wrong)
        {
            throw new PerCoException($"{backend.Name}: {backend.Device.Name}: kernel {wrong.Kernel} {wrong.Fault} "
                + $"({wrong.Failure}), and {wrong.Op} has no other. Update the driver, or use the CPU.")
            {
                Remedies = [Remedy.Cpu],
            };
        }
    }
}
