using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Attention of one query a head, as when a text grows token by token: nothing is packed for others to use, and lanes
/// are keys for the scores, channels for the values.
/// </summary>
/// <remarks>
/// Every sum is taken in the order of <see cref="AttentionTile"/>, block by block, so that a token gets the same bits
/// whether it comes alone or with a whole prompt.
/// </remarks>
internal readonly unsafe struct AttentionSingleQuery(AttentionOperands operands, float* scratch) : ISimdBody
{
    private const int BlockKeys = AttentionBlocks.BlockKeys;

    /// <summary>Scratch values of a worker: keys [channels][keys of a block], scores, query, result.</summary>
    public static long ScratchLength(in AttentionOperands operands) =>
        (long)operands.Channels * BlockKeys + BlockKeys + 2L * RowLength(operands.Channels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* keys = scratch + worker * ScratchLength(operands);
        float* scores = keys + (long)operands.Channels * BlockKeys;
        float* query = scores + BlockKeys;
        float* result = query + RowLength(operands.Channels);
        float* source = operands.Query(item, 0);
        for (int c = 0; c < operands.Channels; c++)
        {
            query[c] = source[c] * operands.ScoreFactor;
            result[c] = 0;
        }

        float max = float.NegativeInfinity, sum = 0;
        int visible = operands.VisibleKeys(0);
        for (int start = 0; start < visible; start += BlockKeys)
        {
            int count = Math.Min(BlockKeys, visible - start);
            Transpose.Copy(operands.Key(item, start), operands.KeyStride, count, operands.Channels, keys, BlockKeys);
            float largest = Scores<S, V>(query, keys, count, scores, max);
            largest = largest > max + AttentionSoftmax.Headroom ? largest : max;
            float factor = Exp2<S, V>(max - largest);
            max = largest;
            sum = Weights<S, V>(scores, count, max, sum * factor);
            AddValues<S, V>(operands.Value(item, start), scores, count, factor, result);
        }

        float inverse = 1 / sum;
        float* destination = operands.Result(item, 0);
        for (int c = 0; c < operands.Channels; c++)
        {
            destination[c] = result[c] * inverse;
        }
    }

    /// <summary>scores[key] = query · key, and −∞ up to a whole register; returns the largest so far.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Scores<S, V>(float* query, float* keys, int count, float* scores, float max)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int key = 0; key < count; key += S.Count)
        {
            V sum = S.Create(0);
            for (int c = 0; c < operands.Channels; c++)
            {
                sum = S.MultiplyAdd(S.Load(keys + c * BlockKeys + key), S.Create(query[c]), sum);
            }

            S.Store(sum, scores + key);
        }

        for (int key = 0; key < count; key++)
        {
            // NaN is never larger, but turns up in the weights.
            max = scores[key] > max ? scores[key] : max;
        }

        new Span<float>(scores + count, BlockKeys - count).Fill(float.NegativeInfinity);
        return max;
    }

    /// <summary>Replaces scores by 2^(score − max); returns their sum added to <paramref name="sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Weights<S, V>(float* scores, int count, float max, float sum)
        where S : struct, ISimd<V>
        where V : struct
    {
        V by = S.Create(max);
        for (int key = 0; key < count; key += S.Count)
        {
            S.Store(VectorMath.Exp2Clipped<S, V>(S.Subtract(S.Load(scores + key), by)), scores + key);
        }

        for (int key = 0; key < count; key++)
        {
            sum += scores[key];
        }

        return sum;
    }

    /// <summary>result = result · factor + Σ weight · value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddValues<S, V>(float* values, float* weights, int count, float factor, float* result)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int c = 0; c < operands.Channels; c += S.Count)
        {
            V sum = S.Multiply(S.Load(result + c), S.Create(factor));
            float* value = values + c;
            for (int key = 0; key < count; key++)
            {
                sum = S.MultiplyAdd(
                    SimdTail.Load<S, V>(value, operands.Channels - c), S.Create(weights[key]), sum);
                value += operands.ValueStride;
            }

            S.Store(sum, result + c);
        }
    }

    private static float Exp2<S, V>(float x)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* lanes = stackalloc float[16];
        S.Store(VectorMath.Exp2Clipped<S, V>(S.Create(x)), lanes);
        return lanes[0];
    }

    // Whole registers, so that the last ones may be loaded and stored as such.
    private static int RowLength(int channels) => AttentionBlocks.RoundUp(channels, 16);
}
