using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Mean and deviation of one group of one picture, spread to its channels as [picture][mean, slope, shift][channel]:
/// y = (x − mean) · slope + shift.
/// </summary>
internal readonly unsafe struct GroupNormFactors(
    GroupNormLayout layout, double* sums, int groups, float epsilon, float* scale, float* shift, float* factors)
    : IParallelBody
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int item, int worker)
    {
        (int picture, int group) = int.DivRem(item, groups);
        int perGroup = layout.Channels / groups, first = group * perGroup;
        double sum = 0, squares = 0;
        for (int run = 0; run < layout.RunsPerPicture; run++)
        {
            double* runSums = sums + ((long)picture * layout.RunsPerPicture + run) * layout.SumsPerRun;
            for (int start = first; start < layout.RowLength; start += layout.Channels)
            {
                for (int c = start; c < start + perGroup; c++)
                {
                    sum += runSums[c];
                    squares += runSums[layout.PaddedRowLength + c];
                }
            }
        }

        double count = (double)layout.Positions * perGroup;
        double mean = sum / count;
        double variance = Math.Max(0, squares / count - mean * mean);
        double inverse = 1 / Math.Sqrt(variance + epsilon);
        float* means = factors + (long)picture * 3 * layout.Channels;
        float* slopes = means + layout.Channels;
        float* shifts = slopes + layout.Channels;
        for (int c = first; c < first + perGroup; c++)
        {
            // What rounding takes from the mean goes into the shift.
            means[c] = (float)mean;
            slopes[c] = (float)(inverse * scale[c]);
            shifts[c] = (float)(shift[c] - (mean - means[c]) * slopes[c]);
        }
    }
}

/// <summary>activation((x − mean) · slope + shift) for a run of rows.</summary>
internal readonly unsafe struct GroupNormApply<TActivation>(GroupNormLayout layout, float* columns, float* result)
    : ISimdBody
    where TActivation : struct, IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        (int picture, int start, int end) = layout.Run(item);
        float* mean = columns + (long)picture * 3 * layout.RowLength;
        float* slope = mean + layout.RowLength;
        float* shift = slope + layout.RowLength;
        for (int row = start; row < end; row++)
        {
            float* destination = result + layout.ResultOffset(picture, row);
            for (int source = 0; source < layout.Sources; source++)
            {
                GroupNormSource x = layout.Source(source, picture, row);
                int o = x.Offset;
                ApplyRow<S, V>(x.Values, x.Length, mean + o, slope + o, shift + o, destination + o);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyRow<S, V>(
        float* x, int length, float* mean, float* slope, float* shift, float* result)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int c = 0; c < length; c += S.Count)
        {
            int rest = length - c;

            // Subtracting first keeps the digits of small differences from a large mean.
            V centred = S.Subtract(SimdTail.Load<S, V>(x + c, rest), SimdTail.Load<S, V>(mean + c, rest));
            V y = S.MultiplyAdd(
                centred, SimdTail.Load<S, V>(slope + c, rest), SimdTail.Load<S, V>(shift + c, rest));
            SimdTail.Store<S, V>(TActivation.Apply<S, V>(y), result + c, rest);
        }
    }
}
