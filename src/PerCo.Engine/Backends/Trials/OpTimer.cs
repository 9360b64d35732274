using System.Diagnostics;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Trials;

/// <summary>
/// Times a trial: the median of several runs after a warm-up. Operands stay where the run before left them, in caches
/// too, as between the layers of a network.
/// </summary>
internal static class OpTimer
{
    // Launches of one recording, whose time is divided by them: gaps between launches vanish.
    private const int LaunchesOfRecording = 10;

    // Ops that copy between host and device cannot be recorded.
    private static readonly string[] Copying = ["Embed", "VectorQuantize", "CopyTokens"];

    /// <summary>Seconds of one run.</summary>
    /// <param name="backend">Where it runs.</param>
    /// <param name="trial">What runs.</param>
    /// <param name="repeats">Runs to take the median of.</param>
    /// <param name="budget">Seconds after which no further run begins.</param>
    public static double Seconds(Backend backend, OpTrial trial, int repeats, double budget)
    {
        GpuPrecision precision = backend is GpuBackend { Precision: var stored } ? stored : GpuPrecision.Fp32;
        using var operands = new TrialOperands(backend, precision);
        Func<Tensor> compute = trial.Prepare(operands);
        var gpu = backend as GpuBackend;
        double once = Once(compute, gpu);
        int launches = once * LaunchesOfRecording > budget / repeats ? 1 : LaunchesOfRecording;
        return gpu is not null && !Copying.Contains(trial.Op)
            ? Recorded(gpu, compute, repeats, launches, budget)
            : Median(() => Once(compute, gpu), repeats, budget);
    }

    private static double Once(Func<Tensor> compute, GpuBackend? gpu)
    {
        gpu?.Hardware.Finish();
        long start = Stopwatch.GetTimestamp();
        compute().Dispose();
        gpu?.Hardware.Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Recorded(GpuBackend gpu, Func<Tensor> compute, int repeats, int launches, double budget)
    {
        gpu.Arena.BeginReservation();
        GpuReservation reservation;
        GpuRecording recording;
        try
        {
            recording = gpu.Hardware.Record(() =>
            {
                for (int i = 0; i < launches; i++)
                {
                    compute().Dispose();
                }
            });
        }
        finally
        {
            reservation = gpu.Arena.EndReservation();
        }

        using (reservation)
        using (recording)
        {
            return Median(() => gpu.Hardware.Time(recording).TotalSeconds / launches, repeats, budget);
        }
    }

    private static double Median(Func<double> run, int repeats, double budget)
    {
        long start = Stopwatch.GetTimestamp();
        var times = new List<double>();
        do
        {
            times.Add(run());
        }
        while (times.Count < repeats && Stopwatch.GetElapsedTime(start).TotalSeconds < budget);

        times.Sort();
        return times[times.Count / 2];
    }
}
