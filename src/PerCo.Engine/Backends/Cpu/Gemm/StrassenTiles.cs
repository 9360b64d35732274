using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>The steps of a <see cref="StrassenProduct"/> for a block of k.</summary>
/// <remarks>
/// With a the left operand's parts and b the right one's, first index the part of the rows or of k, second that of the
/// columns:
/// <code>
/// s1 = a10 + a11   t1 = b01 − b00   x = a00·b00       c00 = x + a01·b10
/// s2 = s1 − a00    t2 = b11 − t1    u = x + s2·t2     c01 = u + p + s4·b11
/// s3 = a00 − a10   t3 = b11 − b01   v = u + s3·t3     c10 = v + a11·t4
/// s4 = a01 − s2    t4 = b10 − t2    p = s1·t1         c11 = v + p
/// </code>
/// All but two of the additions on the right are what the kernels begin a tile with, so that x, u, v and p never leave
/// the first-level cache.
/// </remarks>
internal unsafe struct StrassenTiles
{
    private const int LeftParts = 7;

    private const int RightSums = 4;

    /// <summary>The product as it is defined.</summary>
    public MatrixProduct Product;

    /// <summary>The left operand, [group][row][k].</summary>
    public float* Rows;

    /// <summary>First k of the block.</summary>
    public int K0;

    /// <summary>Half of the block's k.</summary>
    public int Half;

    /// <summary>Writes sums of this block: the last one with residual and activation.</summary>
    public delegate*<float*, long, float*, float*, long, int, int, void> Finish;

    /// <summary>Adds sums of one block to those of others.</summary>
    public delegate*<float*, long, float*, float*, long, int, int, void> Add;

    private readonly PackedMatrix Matrix => Product.Matrix;

    private readonly int Width => Matrix.Kernels.Width;

    private readonly bool IsLast => K0 + 2 * Half == Matrix.K;

    private readonly bool NeedsFinish => Product.Residual != null || Product.Activation != Activation.None;

    // Of the result and the residual: every other row.
    private readonly long Stride => 2L * Product.ResultColumns;

    /// <summary>Values that the left operand's parts and sums take for some pairs of rows.</summary>
    public static long PackedSize(long pairs, int half) => LeftParts * pairs * half;

    /// <summary>Values of the right operand's sums for a pair of panels.</summary>
    public static long SumsSize(int half, int width) => RightSums * (long)half * width;

    /// <summary>Values of scratch that <see cref="Multiply"/> needs: two biases and four tiles.</summary>
    public static long WorkSize(GemmKernels kernels) => (4L * kernels.Rows + 2) * kernels.Width;

    /// <summary>Values that <see cref="Multiply"/> fetches ahead.</summary>
    public static int Fetched(int half) => LeftParts * GemmKernels.Fetched(half);

    /// <summary>Packs a strip of pairs of rows as [part][k/16][pair][16]: a00, a01, a11, s1, s2, s3, s4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Pack<S, V>(int group, int pair, int pairs, float* packed)
        where S : struct, ISimd<V>
        where V : struct
    {
        long stride = Matrix.K;
        long part = (long)pairs * Half;
        float* left = Rows + ((long)group * Product.Rows + 2L * pair) * stride + K0;
        float* end = left + Half;
        for (; left < end; left += GemmKernels.Chunk)
        {
            float* row = left;
            for (int i = 0; i < pairs; i++)
            {
                PackChunk<S, V>(row, row + stride, row + Half, row + stride + Half, packed, part);
                row += 2 * stride;
                packed += GemmKernels.Chunk;
            }
        }
    }

    /// <summary>Computes t1 to t4 of a pair of panels, [sum][k][width].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void SumPanels<S, V>(int panel, float* sums)
        where S : struct, ISimd<V>
        where V : struct
    {
        long size = (long)Half * Width;
        float* b00 = Top(panel);
        float* b01 = Top(panel + Matrix.Panels / 2);
        float* end = sums + size;
        for (; sums < end; sums += S.Count)
        {
            V right = S.Load(b01);
            V bottom = S.Load(b01 + size);
            V t1 = S.Subtract(right, S.Load(b00));
            V t2 = S.Subtract(bottom, t1);
            S.Store(t1, sums);
            S.Store(t2, sums + size);
            S.Store(S.Subtract(bottom, right), sums + 2 * size);
            S.Store(S.Subtract(S.Load(b00 + size), t2), sums + 3 * size);
            b00 += S.Count;
            b01 += S.Count;
        }
    }

    /// <summary>The biases that a pair of panels begins with, once before <see cref="Multiply"/>.</summary>
    public readonly void Begin<S, V>(int group, int panel, float* work)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (K0 > 0)
        {
            new Span<float>(work, 2 * Width).Clear();
            return;
        }

        // c01 and c11 have x in them, and with it the bias of the first panel.
        float* bias = Product.Bias + group * Product.BiasStride + (long)panel * Width;
        float* second = bias + (long)Matrix.Panels / 2 * Width;
        for (int c = 0; c < Width; c += S.Count)
        {
            V value = S.Load(bias + c);
            S.Store(value, work + c);
            S.Store(S.Subtract(S.Load(second + c), value), work + Width + c);
        }
    }

    /// <summary>Multiplies a strip of pairs of rows with a pair of panels.</summary>
    /// <param name="group">The group of the rows.</param>
    /// <param name="pair">The first pair.</param>
    /// <param name="pairs">Pairs of the strip.</param>
    /// <param name="panel">The first panel of the pair.</param>
    /// <param name="a">What <see cref="Pack"/> wrote.</param>
    /// <param name="sums">What <see cref="SumPanels"/> wrote.</param>
    /// <param name="work">What <see cref="Begin"/> wrote, and scratch.</param>
    /// <param name="next">What to fetch meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Multiply<S, V>(
        int group, int pair, int pairs, int panel, float* a, float* sums, float* work, float* next)
        where S : struct, ISimd<V>
        where V : struct
    {
        GemmKernels kernels = Matrix.Kernels;
        int width = kernels.Width;
        int columns = Matrix.IsPaired ? width / 2 : width;
        var kernel = kernels.Tile(pairs, width / kernels.Lanes);
        long part = (long)pairs * Half;
        long size = (long)Half * width;
        float* b00 = Top(panel);
        float* b10 = b00 + size;
        float* b11 = Top(panel + Matrix.Panels / 2) + size;
        long tile = (long)kernels.Rows * width;
        float* u = work + 2 * width;
        float* v = u + tile;
        float* p = v + tile;
        float* last = p + tile;
        var c00 = new Target(group, 2L * pair * Product.ResultColumns + panel * columns, pairs);
        Target c01 = c00.Plus(Product.ResultColumns / 2);
        Target c10 = c00.Plus(Product.ResultColumns);
        Target c11 = c01.Plus(Product.ResultColumns);
        int fetched = GemmKernels.Fetched(Half);

        Fetch(c00);
        kernel(Half, a, b00, work, 0, u, width, next);
        next += fetched;
        MultiplyLast(c00, kernel, a + part, b10, u, p, next);
        next += fetched;
        kernel(Half, a + 4 * part, sums + size, u, width, u, width, next);
        next += fetched;
        kernel(Half, a + 5 * part, sums + 2 * size, u, width, v, width, next);
        next += fetched;
        Fetch(c11);
        kernel(Half, a + 3 * part, sums, work + width, 0, p, width, next);
        next += fetched;
        AddTile<S, V>(p, (long)pairs * width, u, v, last);
        Write(c11, last);
        Fetch(c01);
        MultiplyLast(c01, kernel, a + 6 * part, b11, u, p, next);
        next += fetched;
        Fetch(c10);
        MultiplyLast(c10, kernel, a + 2 * part, sums + 3 * size, v, p, next);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackChunk<S, V>(float* a00, float* a10, float* a01, float* a11, float* packed, long part)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int i = 0; i < GemmKernels.Chunk; i += S.Count)
        {
            V first = S.Load(a00 + i);
            V second = S.Load(a01 + i);
            V below = S.Load(a10 + i);
            V last = S.Load(a11 + i);
            V s1 = S.Add(below, last);
            V s2 = S.Subtract(s1, first);
            float* to = packed + i;
            S.Store(first, to);
            S.Store(second, to + part);
            S.Store(last, to + 2 * part);
            S.Store(s1, to + 3 * part);
            S.Store(s2, to + 4 * part);
            S.Store(S.Subtract(first, below), to + 5 * part);
            S.Store(S.Subtract(second, s2), to + 6 * part);
        }
    }

    // p to both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTile<S, V>(float* p, long values, float* u, float* v, float* sum)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (long i = 0; i < values; i += S.Count)
        {
            V added = S.Load(p + i);
            S.Store(S.Add(S.Load(u + i), added), u + i);
            S.Store(S.Add(S.Load(v + i), added), sum + i);
        }
    }

    // [k][width] of a panel in this block.
    private readonly float* Top(int panel) => Matrix.Panel(panel) + (long)K0 * Width;

    // init + a·b as result; by way of a tile of scratch where it is not yet what the result shall be.
    private readonly void MultiplyLast(
        in Target target, delegate*<long, float*, float*, float*, long, float*, long, float*, void> kernel,
        float* a, float* b, float* init, float* scratch, float* next)
    {
        if (K0 > 0 || Matrix.IsPaired)
        {
            kernel(Half, a, b, init, Width, scratch, Width, next);
            Write(target, scratch);
            return;
        }

        kernel(Half, a, b, init, Width, ResultAt(target), Stride, next);
        FinishInPlace(target);
    }

    private readonly void Write(in Target target, float* tile)
    {
        float* result = ResultAt(target);
        if (K0 == 0 && IsLast)
        {
            int columns = Matrix.IsPaired ? Width / 2 : Width;
            Finish(tile, Width, ResidualAt(target), result, Stride, target.Rows, columns);
            return;
        }

        Add(tile, Width, K0 == 0 ? null : result, result, Stride, target.Rows, Width);
        FinishInPlace(target);
    }

    // Residual and activation of sums that lie in the result, once they are complete.
    private readonly void FinishInPlace(in Target target)
    {
        if (IsLast && NeedsFinish)
        {
            float* result = ResultAt(target);
            Finish(result, Stride, ResidualAt(target), result, Stride, target.Rows, Width);
        }
    }

    private readonly void Fetch(in Target target)
    {
        CacheLines.FetchRows(ResultAt(target), Stride, target.Rows);
        if (Product.Residual != null && IsLast)
        {
            CacheLines.FetchRows(ResidualAt(target), Stride, target.Rows);
        }
    }

    private readonly float* ResultAt(in Target target) =>
        Product.Result + target.Group * ((long)Product.Rows * Product.ResultColumns) + target.Offset;

    private readonly float* ResidualAt(in Target target) => Product.Residual == null
        ? null : Product.Residual + target.Group * Product.ResidualStride + target.Offset;

    /// <summary>Where a tile of every other row goes.</summary>
    private readonly record struct Target(int Group, long Offset, int Rows)
    {
        public Target Plus(long values) => this with { Offset = Offset + values };
    }
}
