using System.Text.Json;
using System.Text.Unicode;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// The JSON header of a safetensors file, checked: known types, extents that fit the offsets, and tensors that fill
/// the data without overlap or hole, as the format demands (https://github.com/huggingface/safetensors, "Format").
/// Nothing is allocated by a number that the file merely claims.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit.</summary>
    public const long MaxBytes = 100_000_000;

    private readonly string _file;
    private readonly Dictionary<string, SafetensorsEntry> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string file) => _file = file;

    /// <summary>Name → where the tensor lies.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors => _tensors;

    /// <summary>The strings below <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Reads and checks a header.</summary>
    /// <param name="file">The file's name, for errors.</param>
    /// <param name="json">The header without its length prefix.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <exception cref="PerCoException">The header is damaged or does not fit the data.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(file);
        if (!Utf8.IsValid(json))
        {
            throw header.Damaged("the header is no valid UTF-8");
        }

        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            header.ReadTop(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the reader throws for an escaped half of a surrogate pair.
            throw header.Damaged("the header is no valid JSON", e);
        }

        header.RequireFilled(dataLength);
        return header;
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged("the header is no JSON object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
            {
                ReadMetadata(ref reader);
            }
            else if (!_tensors.TryAdd(name, ReadTensor(ref reader, name)))
            {
                throw Damaged($"tensor '{name}' appears twice");
            }
        }

        // Only white space may follow; anything else makes this call throw.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged($"__metadata__ is {reader.TokenType}, expected an object of strings");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Damaged($"__metadata__ '{key}' is {reader.TokenType}, expected a string");
            }

            if (!_metadata.TryAdd(key, reader.GetString()!))
            {
                throw Damaged($"__metadata__ '{key}' appears twice");
            }
        }
    }

    private SafetensorsEntry ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged($"tensor '{name}' is {reader.TokenType}, expected an object");
        }

        ElementType? type = null;
        Shape? shape = null;
        (long Begin, long End)? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            bool seen = field switch
            {
                "dtype" => type is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw Damaged($"tensor '{name}' has the unknown field '{field}'"),
            };
            if (seen)
            {
                throw Damaged($"tensor '{name}' has '{field}' twice");
            }

            switch (field)
            {
                case "dtype":
                    type = ReadType(ref reader, name);
                    break;
                case "shape":
                    shape = ReadShape(ref reader, name);
                    break;
                default:
                    offsets = ReadOffsets(ref reader, name);
                    break;
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            throw Damaged($"tensor '{name}' lacks one of dtype, shape and data_offsets");
        }

        (long begin, long end) = offsets.Value;
        long elements = shape.Value.Count;
        int size = type.Value.Size();
        if (elements > int.MaxValue / size)
        {
            throw new PerCoException(
                $"{_file}: tensor '{name}' {type} {shape} is larger than 2 GiB, which this program cannot read.");
        }

        return end - begin == elements * size
            ? new SafetensorsEntry(type.Value, shape.Value, begin, end)
            : throw Damaged(
                $"tensor '{name}' {type} {shape} needs {elements * size} bytes, its offsets span {end - begin}");
    }

    private ElementType ReadType(ref Utf8JsonReader reader, string name)
    {
        string text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : reader.TokenType.ToString();
        return text switch
        {
            "F32" => ElementType.Float32,
            "F16" => ElementType.Float16,
            "BF16" => ElementType.BFloat16,
            "F64" => ElementType.Float64,
            "I64" => ElementType.Int64,
            "I32" => ElementType.Int32,
            "I8" => ElementType.Int8,
            "U8" => ElementType.UInt8,
            "BOOL" => ElementType.Bool,
            _ => throw new PerCoException(
                $"{_file}: tensor '{name}' has the type {text}, expected one of F32, F16, BF16, F64, I64, I32, I8, U8 "
                + "and BOOL. Save the checkpoint as one of these."),
        };
    }

    private Shape ReadShape(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Damaged($"the shape of tensor '{name}' is {reader.TokenType}, expected an array");
        }

        Span<int> extents = stackalloc int[Shape.MaxRank];
        int rank = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (rank == Shape.MaxRank)
            {
                throw Damaged($"tensor '{name}' has more than {Shape.MaxRank} extents");
            }

            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int extent) || extent < 0)
            {
                throw Damaged($"extent {rank} of tensor '{name}' is no number from 0 to {int.MaxValue}");
            }

            extents[rank++] = extent;
        }

        try
        {
            return new Shape(extents[..rank]);
        }
        catch (OverflowException e)
        {
            throw Damaged($"tensor '{name}' has more elements than any file", e);
        }
    }

    private (long Begin, long End) ReadOffsets(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType == JsonTokenType.StartArray
            && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long begin)
            && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long end)
            && reader.Read() && reader.TokenType == JsonTokenType.EndArray
            && begin >= 0 && end >= begin)
        {
            return (begin, end);
        }

        throw Damaged($"the data_offsets of tensor '{name}' are no two ascending numbers");
    }

    // Sorted by offset, every tensor has to begin where the one before ended, and the last to end with the file.
    private void RequireFilled(long dataLength)
    {
        long position = 0;
        foreach ((string name, SafetensorsEntry entry) in _tensors
            .OrderBy(t => t.Value.Begin).ThenBy(t => t.Value.End).ThenBy(t => t.Key, StringComparer.Ordinal))
        {
            if (entry.Begin != position)
            {
                throw Damaged(
                    $"tensor '{name}' begins at {entry.Begin}, expected {position}: "
                    + (entry.Begin < position ? "it overlaps another" : "there is a hole before it"));
            }

            if (entry.End > dataLength)
            {
                throw new PerCoException(
                    $"{_file}: tensor '{name}' ends at {entry.End}, but the file has only {dataLength} bytes of data. "
                    + "The file was cut short: fetch or convert it again.");
            }

            position = entry.End;
        }

        if (position != dataLength)
        {
            throw Damaged($"{dataLength - position} bytes after the last tensor belong to none");
        }
    }

    private PerCoException Damaged(string what, Exception? inner = null)
    {
        string message = $"{_file}: {what}. Is this a safetensors file, and whole?";
        return inner is null ? new PerCoException(message) : new PerCoException(message, inner);
    }
}
