using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// The input of a convolution as the left operand of a product: row = result position, k = (kernel row, kernel column,
/// channel). Nothing but the packed panel is ever written out (implicit GEMM).
/// </summary>
internal unsafe struct ConvRows : IRowReader
{
    /// <summary>[batch][row][column][channel].</summary>
    public ConvInput Input;

    /// <summary>Rows of the kernel.</summary>
    public int KernelHeight;

    /// <summary>Columns of the kernel.</summary>
    public int KernelWidth;

    /// <summary>Step in rows and columns.</summary>
    public int Stride;

    /// <summary>Zero rows above.</summary>
    public int PaddingTop;

    /// <summary>Zero columns to the left.</summary>
    public int PaddingLeft;

    /// <summary>Columns of the result.</summary>
    public int ResultWidth;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Pack(float* destination, int group, int row, int rows, int k0, int count)
    {
        int y = row / ResultWidth;
        int x = row - y * ResultWidth;
        long step = (long)rows * GemmKernels.Chunk;
        for (int i = 0; i < rows; i++)
        {
            var writer = new ChunkWriter(destination + i * GemmKernels.Chunk, step);
            if (Input.IsPlain)
            {
                PackPlain(ref writer, group, y, x, k0, count);
            }
            else
            {
                PackAny(ref writer, group, y, x, k0, count);
            }

            if (++x == ResultWidth)
            {
                x = 0;
                y++;
            }
        }
    }

    // The taps of a kernel row are neighbours in memory: they are one run, cut where the picture ends.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackPlain(ref ChunkWriter writer, int group, int y, int x, int k0, int count)
    {
        int channels = Input.Channels;
        int kernelRow = KernelWidth * channels;
        int rowLength = Input.Width * channels;
        int ky = k0 / kernelRow;
        int skip = k0 - ky * kernelRow;
        for (; count > 0 && ky < KernelHeight; ky++)
        {
            int length = Math.Min(kernelRow - skip, count);
            count -= length;
            int from = (x * Stride - PaddingLeft) * channels + skip;
            int inputY = y * Stride + ky - PaddingTop;
            skip = 0;
            if ((uint)inputY >= (uint)Input.Height)
            {
                writer.Clear(length);
                continue;
            }

            float* source = Input.First + ((long)group * Input.Height + inputY) * rowLength;
            int before = Math.Clamp(-from, 0, length);
            int inside = Math.Clamp(rowLength - from - before, 0, length - before);
            if (before > 0)
            {
                writer.Clear(before);
            }

            writer.Copy(source + from + before, inside);
            if (before + inside < length)
            {
                writer.Clear(length - before - inside);
            }
        }

        writer.Clear(count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackAny(ref ChunkWriter writer, int group, int y, int x, int k0, int count)
    {
        int channels = Input.Channels;
        int tap = k0 / channels;
        int skip = k0 - tap * channels;
        int ky = tap / KernelWidth;
        int kx = tap - ky * KernelWidth;
        while (count > 0 && ky < KernelHeight)
        {
            int end = Math.Min(channels, skip + count);
            count -= end - skip;
            int inputY = y * Stride + ky - PaddingTop;
            int inputX = x * Stride + kx - PaddingLeft;
            if ((uint)inputY >= (uint)Input.Height || (uint)inputX >= (uint)Input.Width)
            {
                writer.Clear(end - skip);
            }
            else
            {
                long position = Input.Position(group, inputY, inputX);
                int first = Input.FirstChannels;
                if (skip < first)
                {
                    writer.Copy(Input.First + position * first + skip, Math.Min(first, end) - skip);
                }

                if (end > first)
                {
                    int start = Math.Max(skip - first, 0);
                    writer.Copy(Input.Second + position * (channels - first) + start, end - first - start);
                }
            }

            skip = 0;
            if (++kx == KernelWidth)
            {
                kx = 0;
                ky++;
            }
        }

        writer.Clear(count);
    }
}
