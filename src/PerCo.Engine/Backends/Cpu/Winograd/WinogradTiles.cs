using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// The steps of a <see cref="WinogradConv"/> for runs of its tiles, which are numbered over all pictures.
/// </summary>
/// <remarks>
/// Transformed inputs are [tap][strip of rows][k/16][row][16], one row a tile: what the kernels read. Scratch is
/// [sums of all taps][zeros][transform's work][result of a tile][gathered tile][a block of transformed weights][the
/// same, widened].
/// </remarks>
internal readonly unsafe struct WinogradTiles<TTransform, S, V>
    where TTransform : struct, IWinogradTransform
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>
    /// Values of a picture's result from which on its lines are asked for: smaller ones are in a cache as a rule.
    /// </summary>
    private const int LeastFetchedValues = 1 << 22;

    private readonly WinogradConv _conv;
    private readonly delegate*<float*, long, float*, float*, long, int, int, void> _finish;
    private readonly int _tileRows;
    private readonly int _tileColumns;
    private readonly int _k;
    private readonly int _storedK;
    private readonly bool _fetchesResult;
    private readonly int _blockInputs;
    private readonly int _stripRows;

    /// <param name="conv">The convolution.</param>
    /// <param name="finish">Writes the results.</param>
    /// <param name="stripRows">Most tiles of a strip.</param>
    public WinogradTiles(
        in WinogradConv conv, delegate*<float*, long, float*, float*, long, int, int, void> finish, int stripRows)
    {
        _conv = conv;
        _finish = finish;
        _tileRows = PackedMatrix.DivideUp(conv.Output.Height, TTransform.Outputs);
        _tileColumns = PackedMatrix.DivideUp(conv.Output.Width, TTransform.Outputs);
        _k = PackedMatrix.RoundUp(conv.Input.Channels, GemmKernels.KMultiple);
        _storedK = PackedMatrix.RoundUp(conv.Input.Channels, GemmKernels.Chunk);
        _fetchesResult = conv.Output.PictureLength >= LeastFetchedValues;
        int cached = Math.Max(WinogradConv.BlockValues / (Taps * Width) / GemmKernels.Chunk, 1) * GemmKernels.Chunk;
        _blockInputs = Math.Min(cached, _storedK);
        _stripRows = stripRows;
        Count = checked(conv.Output.Batch * _tileRows * _tileColumns);
    }

    /// <summary>Tiles of all pictures.</summary>
    public int Count { get; }

    /// <summary>Panels of columns.</summary>
    public int Panels => _conv.Panels;

    private static int T => TTransform.Inputs;

    private static int Taps => T * T;

    private static int Results => TTransform.Outputs * TTransform.Outputs;

    private int Width => _conv.Matrix.Kernels.Width;

    /// <summary>Distance between the taps of transformed inputs.</summary>
    /// <remarks>
    /// A cache line more than needed: a tile's taps are written together, and multiples of 4 KiB would put all of them
    /// into the same few places of the first-level cache.
    /// </remarks>
    public long TapStride(int tiles) => (long)tiles * _storedK + GemmKernels.Chunk;

    /// <summary>Values that the transformed inputs of some tiles take.</summary>
    public long PackedSize(int tiles) => Taps * TapStride(tiles);

    /// <summary>Values of scratch that a worker needs for blocks of some tiles; a multiple of a cache line.</summary>
    public long ScratchSize(int tiles) => WeightsOffset(tiles) + (_conv.IsDirect
        ? Taps * WeightStride + (IsWidened ? WinogradWeights.KernelTaps * (long)_blockInputs * Width : 0)
        : 0);

    private bool IsWidened => _conv.Matrix.Format != PanelFormat.Fp32;

    // A cache line more, as TapStride.
    private long WeightStride => (long)_blockInputs * Width + GemmKernels.Chunk;

    /// <summary>Values that the steps of a transform and a tile's gathered input take.</summary>
    public long WorkSize => Taps * GemmKernels.Chunk + Results * Width + (long)Taps * _storedK;

    /// <summary>Values of a transformed input's row.</summary>
    public int StoredK => _storedK;

    private long WeightsOffset(int tiles) => (long)Taps * tiles * Width + Width + WorkSize;

    /// <summary>Where the steps of a transform work, in the scratch of a block of tiles.</summary>
    public float* WorkOf(float* scratch, int tiles) => scratch + (long)Taps * tiles * Width + Width;

    /// <summary>Transforms the input of one tile of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void TransformInput(int first, int count, int index, float* packed, float* work)
    {
        var strips = new Strips(count, _stripRows);
        int strip = strips.Of(index);
        int strip0 = strips.Start(strip);
        int rows = strips.Length(strip);
        float* panel = packed + (long)strip0 * _storedK + (index - strip0) * GemmKernels.Chunk;
        long chunkStep = (long)rows * GemmKernels.Chunk;
        long tapStride = TapStride(count);

        Locate(first + index, out int picture, out int y, out int x);
        y -= _conv.PaddingTop;
        x -= _conv.PaddingLeft;
        ConvInput input = _conv.Input;
        if (!CanReadInPlace(picture, y, x))
        {
            float* gathered = work + Taps * GemmKernels.Chunk + Results * Width;
            Gather(picture, y, x, gathered);
            WinogradLines.Input<TTransform, S, V>(
                gathered, (long)T * _storedK, _storedK, _k, panel, 0, chunkStep, tapStride, work);
            return;
        }

        long position = input.Position(picture, y, x);
        WinogradLines.Input<TTransform, S, V>(
            input.First + position * input.FirstChannels, (long)input.Width * input.FirstChannels, input.FirstChannels,
            input.FirstChannels, panel, 0, chunkStep, tapStride, work);
        if (input.Second != null)
        {
            int second = input.Channels - input.FirstChannels;
            WinogradLines.Input<TTransform, S, V>(
                input.Second + position * second, (long)input.Width * second, second,
                second, panel, input.FirstChannels, chunkStep, tapStride, work);
        }
    }

    /// <summary>Multiplies the transformed inputs of a block with one of the panels, and writes the results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Multiply(int first, int count, int panel, float* packed, float* scratch)
    {
        panel += _conv.FirstPanel;
        PackedMatrix matrix = _conv.Matrix;
        int vectors = matrix.Vectors(panel);
        int width = vectors * S.Count;
        var strips = new Strips(count, _stripRows);
        long sumStride = (long)count * width;
        float* zeros = scratch + (long)Taps * count * Width;
        new Span<float>(zeros, Width).Clear();
        if (_conv.IsDirect)
        {
            float* weights = scratch + WeightsOffset(count);
            for (int k0 = 0; k0 < _k; k0 += _blockInputs)
            {
                int k = Math.Min(_blockInputs, _k - k0);
                TransformWeights(panel, k0, k, weights);
                MultiplyTaps(strips, vectors, packed, weights, WeightStride, k0, k, scratch, zeros, panel);
            }
        }
        else
        {
            MultiplyTaps(
                strips, vectors, packed, matrix.Panel(panel), (long)_k * width, 0, _k, scratch, zeros, panel);
        }

        for (int i = 0; i < count; i++)
        {
            if (_fetchesResult && i + 1 < count)
            {
                FetchResult(first + i + 1, panel);
            }

            TransformOutput(first + i, panel * Width, scratch + (long)i * width, sumStride, width, zeros + Width);
        }
    }

    // [tap][k][width] of some inputs, from the kernels as they are.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TransformWeights(int panel, int k0, int k, float* weights)
    {
        PackedMatrix matrix = _conv.Matrix;
        int channels = _conv.Input.Channels;
        int width = matrix.Vectors(panel) * S.Count;
        int inputs = Math.Min(k, channels - k0);
        float* source = matrix.Panel(panel) + (long)k0 * width;
        long step = (long)channels * width;
        if (IsWidened)
        {
            source = weights + Taps * WeightStride;
            step = (long)inputs * width;
            for (int tap = 0; tap < WinogradWeights.KernelTaps; tap++)
            {
                matrix.Widen(panel, (long)tap * channels + k0, inputs, source + tap * step);
            }
        }

        long stride = WeightStride;
        for (int i = 0; i < inputs * width; i += S.Count)
        {
            TTransform.Kernel<S, V>(source + i, step, weights + i, stride, _conv.Phase);
        }

        for (int tap = 0; inputs < k && tap < Taps; tap++)
        {
            new Span<float>(weights + tap * stride + inputs * width, (k - inputs) * width).Clear();
        }
    }

    // Adds some inputs' products to the sums of all taps.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyTaps(
        Strips strips, int vectors, float* packed, float* weights, long weightStride, int k0, int k, float* sums,
        float* zeros, int panel)
    {
        GemmKernels kernels = _conv.Matrix.Kernels;
        int count = strips.Start(strips.Count);
        int width = vectors * kernels.Lanes;
        int fetched = GemmKernels.Fetched(k);
        for (int tap = 0; tap < Taps; tap++)
        {
            float* a = packed + tap * TapStride(count);
            float* next = _conv.IsDirect
                ? NextKernels(panel, k0 + k, tap, strips.Count * fetched)
                : weights + weightStride;
            for (int strip = 0; strip < strips.Count; strip++)
            {
                int row = strips.Start(strip);
                int rows = strips.Length(strip);
                float* sum = sums + (long)row * width;
                kernels.Tile(rows, vectors)(
                    k, a + (long)row * _storedK + (long)k0 * rows, weights, k0 == 0 ? zeros : sum,
                    k0 == 0 ? 0 : width, sum, width, next);
                next += fetched;
            }

            sums += (long)count * width;
            weights += weightStride;
        }
    }

    // What the next block is transformed from, dealt to the products of this one.
    private float* NextKernels(int panel, int k, int tap, int fetched)
    {
        PackedMatrix matrix = _conv.Matrix;
        int share = Taps / WinogradWeights.KernelTaps;
        int size = matrix.Format.Size();
        long width = matrix.Vectors(panel) * S.Count;
        long at = ((long)Math.Min(tap / share, WinogradWeights.KernelTaps - 1) * _conv.Input.Channels + k) * width;
        return (float*)(matrix.Stored(panel) + at * size) + tap % share * fetched;
    }

    // What the next tile will write, and add.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FetchResult(int tile, int panel)
    {
        Locate(tile, out int picture, out int y, out int x);
        ref readonly ConvOutput output = ref _conv.Output;
        FetchPixels(output.At(picture, y, x) + panel * Width);
        if (output.Residual != null)
        {
            FetchPixels(output.ResidualAt(picture, y, x) + panel * Width);
        }
    }

    private void FetchPixels(float* row)
    {
        for (int i = 0; i < TTransform.Outputs; i++)
        {
            CacheLines.FetchRows(row, _conv.Output.PixelLength, TTransform.Outputs);
            row += _conv.Output.RowLength;
        }
    }

    /// <summary>Transforms the sums of a tile, adds the bias and writes what lies in the picture.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="column">The first of the outputs.</param>
    /// <param name="sums">The sums of the first tap.</param>
    /// <param name="sumStride">Distance between taps.</param>
    /// <param name="width">Outputs, a multiple of the vector's lanes; those that are not there are left out.</param>
    /// <param name="work">Scratch for the transform and the result of a tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void TransformOutput(int tile, int column, float* sums, long sumStride, int width, float* work)
    {
        Locate(tile, out int picture, out int y, out int x);
        ref readonly ConvOutput output = ref _conv.Output;
        float* bias = output.BiasOf(picture) + column;
        float* biased = sums + (T + 1) * sumStride;
        for (int c = 0; c < width; c += S.Count)
        {
            S.Store(S.Add(S.Load(biased + c), S.Load(bias + c)), biased + c);
        }

        float* result = work + Taps * GemmKernels.Chunk;
        WinogradLines.Output<TTransform, S, V>(sums, sumStride, width, result, work);

        float* values = output.At(picture, y, x) + column;
        float* residual = output.ResidualAt(picture, y, x);
        residual = residual == null ? null : residual + column;
        int rows = Math.Min(TTransform.Outputs, output.Height - y);
        int pixels = Math.Min(TTransform.Outputs, output.Width - x);
        for (int i = 0; i < rows; i++)
        {
            _finish(
                result + i * TTransform.Outputs * width, width, residual, values, output.PixelLength, pixels,
                Math.Min(width, output.Channels - column));
            values += output.RowLength;
            residual = residual == null ? null : residual + output.RowLength;
        }
    }

    // Whole vectors are read: beyond the last channel lies the next pixel, except at the very end of the memory.
    private bool CanReadInPlace(int picture, int y, int x)
    {
        ConvInput input = _conv.Input;
        if (y < 0 || x < 0 || y + T > input.Height || x + T > input.Width || input.SourceRows != null)
        {
            return false;
        }

        if (input.Second != null)
        {
            return input.FirstChannels % GemmKernels.Chunk == 0 && input.Channels % GemmKernels.Chunk == 0;
        }

        bool isLast = picture == _conv.Output.Batch - 1 && y + T == input.Height && x + T == input.Width;
        return input.Channels % GemmKernels.KMultiple == 0 && !(isLast && input.Channels % S.Count != 0);
    }

    // The tile's pixels in a small buffer: zeros outside the picture and in the last channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(int picture, int y, int x, float* gathered)
    {
        ConvInput input = _conv.Input;
        int first = input.FirstChannels;
        int second = input.Channels - first;
        for (int i = 0; i < Taps; i++)
        {
            int inputY = y + i / T;
            int inputX = x + i % T;
            float* pixel = gathered + (long)i * _storedK;
            if ((uint)inputY >= (uint)input.Height || (uint)inputX >= (uint)input.Width)
            {
                SmallCopy.Clear(pixel, _k);
                continue;
            }

            long position = input.Position(picture, inputY, inputX);
            SmallCopy.Copy(input.First + position * first, pixel, first);
            if (second > 0)
            {
                SmallCopy.Copy(input.Second + position * second, pixel + first, second);
            }

            SmallCopy.Clear(pixel + input.Channels, _k - input.Channels);
        }
    }

    // First result row and column of a tile.
    private void Locate(int tile, out int picture, out int y, out int x)
    {
        int inPicture = _tileRows * _tileColumns;
        picture = tile / inPicture;
        tile -= picture * inPicture;
        y = tile / _tileColumns;
        x = (tile - y * _tileColumns) * TTransform.Outputs;
        y *= TTransform.Outputs;
    }
}
