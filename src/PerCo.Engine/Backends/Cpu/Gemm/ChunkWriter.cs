using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// Writes one row of a packed panel piece by piece: 16 values, then a step over the panel's other rows.
/// </summary>
/// <param name="start">Where the row's first chunk begins.</param>
/// <param name="step">Distance between its chunks.</param>
internal unsafe ref struct ChunkWriter(float* start, long step)
{
    private float* _chunk = start;
    private int _used;

    /// <summary>Appends values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(float* source, int count)
    {
        if (_used == 0)
        {
            for (; count >= GemmKernels.Chunk; count -= GemmKernels.Chunk)
            {
                Unsafe.CopyBlockUnaligned(_chunk, source, GemmKernels.Chunk * sizeof(float));
                source += GemmKernels.Chunk;
                _chunk += step;
            }
        }

        if (count > 0)
        {
            CopyPieces(source, count);
        }
    }

    /// <summary>Appends zeros.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Clear(int count)
    {
        while (count > 0)
        {
            int piece = Math.Min(GemmKernels.Chunk - _used, count);
            SmallCopy.Clear(_chunk + _used, piece);
            Advance(piece);
            count -= piece;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void CopyPieces(float* source, int count)
    {
        while (count > 0)
        {
            int piece = Math.Min(GemmKernels.Chunk - _used, count);
            SmallCopy.Copy(source, _chunk + _used, piece);
            source += piece;
            Advance(piece);
            count -= piece;
        }
    }

    private void Advance(int count)
    {
        _used += count;
        if (_used == GemmKernels.Chunk)
        {
            _used = 0;
            _chunk += step;
        }
    }
}
