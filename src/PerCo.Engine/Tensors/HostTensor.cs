using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace PerCo.Engine.Tensors;

/// <summary>
/// A named array in host memory, in checkpoint layout (convolutions [out, in, kh, kw], matrices [out, in]):
/// what weights are before a backend prepares them. The bytes may lie in a memory-mapped file.
/// </summary>
public sealed class HostTensor
{
    /// <summary>Wraps bytes without copying them.</summary>
    /// <param name="name">Where the values come from, as errors should say it.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Extents, outermost first.</param>
    /// <param name="bytes">Little-endian elements, exactly as many as the shape says.</param>
    /// <exception cref="ArgumentException">The length of <paramref name="bytes"/> does not fit.</exception>
    public HostTensor(string name, ElementType type, Shape shape, ReadOnlyMemory<byte> bytes)
    {
        long expected = checked(shape.Count * type.Size());
        if (bytes.Length != expected)
        {
            throw new ArgumentException($"{name}: {type} {shape} needs {expected} bytes, got {bytes.Length}.");
        }

        Name = name;
        Type = type;
        Shape = shape;
        Bytes = bytes;
    }

    /// <summary>Where the values come from, as errors say it.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public ElementType Type { get; }

    /// <summary>Extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Little-endian elements.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Gives memory back that can be had again; null where there is none.</summary>
    internal Action? Unload { get; init; }

    /// <summary>Creates a fp32 tensor that owns a copy of nothing: it keeps <paramref name="values"/>.</summary>
    public static HostTensor FromFloats(string name, Shape shape, float[] values)
    {
        // A float array viewed as bytes needs a MemoryManager; the copy is avoided because weights are large.
        return new HostTensor(name, ElementType.Float32, shape, new FloatBytes(values).Memory);
    }

    /// <summary>Writes all values, converted to fp32, into <paramref name="destination"/>.</summary>
    /// <exception cref="PerCoException">The element type is no floating-point type.</exception>
    public void CopyTo(Span<float> destination) => CopyRangeTo(0, destination[..checked((int)Shape.Count)]);

    /// <summary>
    /// Writes values from <paramref name="first"/> on, converted to fp32: as many as <paramref name="destination"/> has
    /// room for.
    /// </summary>
    /// <exception cref="PerCoException">The element type is no floating-point type.</exception>
    internal void CopyRangeTo(long first, Span<float> destination)
    {
        int size = Type.Size();
        ReadOnlySpan<byte> bytes = Bytes.Span.Slice(checked((int)(first * size)), checked(destination.Length * size));
        switch (Type)
        {
            case ElementType.Float32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case ElementType.Float16:
                HalfWidening.Widen(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
                break;
            case ElementType.BFloat16:
                BFloat16.Widen(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
                break;
            case ElementType.Float64:
                TensorPrimitives.ConvertTruncating<double, float>(MemoryMarshal.Cast<byte, double>(bytes), destination);
                break;
            default:
                throw new PerCoException($"{Name}: expected floating-point values, got {Type}.");
        }
    }

    /// <summary>All values converted to fp32, as a new array.</summary>
    /// <exception cref="PerCoException">The element type is no floating-point type.</exception>
    public float[] ToFloats()
    {
        var values = new float[Shape.Count];
        CopyTo(values);
        return values;
    }

    /// <summary>All values as 64-bit integers, as a new array.</summary>
    /// <exception cref="PerCoException">The element type is no integer type.</exception>
    public long[] ToInt64s()
    {
        ReadOnlySpan<byte> bytes = Bytes.Span;
        switch (Type)
        {
            case ElementType.Int64:
                return MemoryMarshal.Cast<byte, long>(bytes).ToArray();
            case ElementType.Int32:
                return Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), i => (long)i);
            default:
                throw new PerCoException($"{Name}: expected integers, got {Type}.");
        }
    }

    /// <summary>
    /// Tensors stacked along the first extent: three projections that read the same input become one product. The
    /// element type stays where all have the same one, and becomes fp32 otherwise.
    /// </summary>
    /// <exception cref="ArgumentException">No tensor, or extents after the first that differ.</exception>
    public static HostTensor Stack(params ReadOnlySpan<HostTensor> parts)
    {
        if (parts.IsEmpty)
        {
            throw new ArgumentException("Nothing to stack.");
        }

        Shape first = parts[0].Shape;
        ElementType type = parts[0].Type;
        bool sameType = true;
        int outer = 0;
        long inner = first.Count / Math.Max(1, first[0]);
        foreach (HostTensor part in parts)
        {
            if (part.Shape.Rank != first.Rank || part.Shape.Count != part.Shape[0] * inner)
            {
                throw new ArgumentException($"Cannot stack {part.Name} {part.Shape} on {parts[0].Name} {first}.");
            }

            sameType &= part.Type == type;
            outer = checked(outer + part.Shape[0]);
        }

        Span<int> extents = stackalloc int[first.Rank];
        first.CopyTo(extents);
        extents[0] = outer;
        var shape = new Shape(extents);
        string name = $"{parts[0].Name} and {parts.Length - 1} more";
        if (sameType)
        {
            return new HostTensor(name, type, shape, new StackedBytes(parts.ToArray()).Memory);
        }

        var values = new float[shape.Count];
        long offset = 0;
        foreach (HostTensor part in parts)
        {
            part.CopyTo(values.AsSpan((int)offset, (int)part.Shape.Count));
            offset += part.Shape.Count;
        }

        return FromFloats(name, shape, values);
    }

    /// <summary>
    /// Input channels <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> of a
    /// convolution's weight [out, in, kh, kw] or a matrix [out, in], as fp32.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the second extent.</exception>
    public HostTensor SliceInputs(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)start + count, Shape[1]);
        float[] all = ToFloats();
        int kernel = checked((int)(Shape.Count / Math.Max(1, (long)Shape[0] * Shape[1])));
        var values = new float[(long)Shape[0] * count * kernel];
        for (int o = 0; o < Shape[0]; o++)
        {
            Array.Copy(all, ((long)o * Shape[1] + start) * kernel, values, (long)o * count * kernel,
                (long)count * kernel);
        }

        Span<int> extents = stackalloc int[Shape.Rank];
        Shape.CopyTo(extents);
        extents[1] = count;
        return FromFloats($"{Name}[:, {start}:{start + count}]", new Shape(extents), values);
    }

    // Copied when they are first read: whoever plans memory asks for the shape alone.
    private sealed class StackedBytes : System.Buffers.MemoryManager<byte>
    {
        private readonly HostTensor[] _parts;
        private readonly int _length;
        private byte[]? _bytes;

        public StackedBytes(HostTensor[] parts)
        {
            _parts = parts;
            _length = checked((int)parts.Sum(part => (long)part.Bytes.Length));
        }

        public override Memory<byte> Memory => CreateMemory(_length);

        public override Span<byte> GetSpan()
        {
            lock (_parts)
            {
                return _bytes ??= Copy();
            }
        }

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }

        private byte[] Copy()
        {
            var bytes = new byte[_length];
            int start = 0;
            foreach (HostTensor part in _parts)
            {
                part.Bytes.Span.CopyTo(bytes.AsSpan(start));
                start += part.Bytes.Length;
                part.Unload?.Invoke();
            }

            return bytes;
        }
    }

    private sealed class FloatBytes(float[] values) : System.Buffers.MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(values.AsSpan());

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
