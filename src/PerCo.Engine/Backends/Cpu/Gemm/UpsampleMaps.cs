using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>The size that a convolution reads its input at, and where each row and column comes from.</summary>
internal readonly unsafe struct UpsampleMaps : IDisposable
{
    private readonly HostStorage? _storage;

    public UpsampleMaps(HostArena arena, Shape source, in Conv2dOperands operands)
    {
        bool upsamples = operands.UpsampleHeight > 0
            && (operands.UpsampleHeight != source.Height || operands.UpsampleWidth != source.Width);
        Height = upsamples ? operands.UpsampleHeight : source.Height;
        Width = upsamples ? operands.UpsampleWidth : source.Width;
        if (upsamples)
        {
            _storage = arena.Rent((long)Height + Width);
            Rows = (int*)_storage.Values;
            Columns = Rows + Height;
            ReferenceBackend.NearestSources(source.Height, Height).CopyTo(new Span<int>(Rows, Height));
            ReferenceBackend.NearestSources(source.Width, Width).CopyTo(new Span<int>(Columns, Width));
        }
    }

    /// <summary>Rows, after up-sampling.</summary>
    public int Height { get; }

    /// <summary>Columns, after up-sampling.</summary>
    public int Width { get; }

    /// <summary>The source row of each row, or null where they are the same.</summary>
    public int* Rows { get; }

    /// <summary>The source column of each column, or null where they are the same.</summary>
    public int* Columns { get; }

    public void Dispose() => _storage?.Release();
}
