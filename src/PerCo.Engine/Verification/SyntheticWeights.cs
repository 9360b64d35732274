using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification;

/// <summary>
/// A checkpoint whose values follow from its tensors' names (<see cref="SyntheticTensors"/>); a parameters.json lists
/// name → shape. Values are computed when they are first read, and anew for each <see cref="TryGet"/>, so that a
/// network of full width is never held twice.
/// </summary>
internal sealed class SyntheticWeights : IWeightSource
{
    // A codebook with cosine similarity holds codes of length 1, which random ones are not.
    private const string UnitRows = "quantizer._codebook.embed";

    private readonly string _tag;
    private readonly Dictionary<string, Shape> _shapes = new(StringComparer.Ordinal);

    private SyntheticWeights(string name, string tag)
    {
        Name = name;
        _tag = tag;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _shapes.Keys;

    /// <summary>Reads a parameters.json.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tag">What the names of all values begin with, before a slash.</param>
    /// <exception cref="PerCoException">The file is damaged, or lists a tensor beyond 2 GiB.</exception>
    public static SyntheticWeights Load(string path, string tag)
    {
        ConfigReader list = ConfigReader.Load(path);
        var weights = new SyntheticWeights(path, tag);
        foreach (string key in list.Names)
        {
            int[] extents = list.Ints(key, []);
            // Clamped on the way, so that no product overflows; a zero does not excuse the others.
            long count = extents.Aggregate(1L, (product, extent) => Math.Min(product * Math.Max(1, extent), 1L << 32));
            if (extents.Length > Shape.MaxRank || count > int.MaxValue / sizeof(float))
            {
                throw list.Error(key, $"has {extents.Length} extents, expected up to {Shape.MaxRank} and up to 2 GiB");
            }

            weights._shapes.Add(key, new Shape(extents));
        }

        return weights;
    }

    /// <inheritdoc/>
    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor)
    {
        tensor = null;
        if (_shapes.TryGetValue(key, out Shape shape))
        {
            var bytes = new LazyBytes((int)shape.Count, () => Fill(key, shape));
            tensor = new HostTensor($"{Name}: tensor '{key}'", ElementType.Float32, shape, bytes.Memory);
        }

        return tensor is not null;
    }

    private float[] Fill(string key, Shape shape)
    {
        float[] values = SyntheticTensors.Parameter($"{_tag}/{key}", shape);
        if (key == UnitRows)
        {
            for (int start = 0; start < values.Length; start += shape.Channels)
            {
                NormaliseRow(values.AsSpan(start, shape.Channels));
            }
        }

        return values;
    }

    private static void NormaliseRow(Span<float> row)
    {
        double squares = 0;
        foreach (float value in row)
        {
            squares += (double)value * value;
        }

        float length = MathF.Max((float)Math.Sqrt(squares), 1e-12f);
        foreach (ref float value in row)
        {
            value /= length;
        }
    }

    private sealed class LazyBytes(int count, Func<float[]> fill) : MemoryManager<byte>
    {
        private readonly Lazy<float[]> _values = new(fill);

        public override Memory<byte> Memory => CreateMemory(count * sizeof(float));

        public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(_values.Value.AsSpan());

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
            // Nothing is ever pinned.
        }

        protected override void Dispose(bool disposing)
        {
            // The values are ordinary managed memory.
        }
    }
}
