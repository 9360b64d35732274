using System.Buffers.Binary;

namespace PerCo.Engine.Codec.PercoSd;

/// <summary>Writes pickles as CPython does with protocol 4: byte for byte those of PerCo (SD).</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _body = [];

    /// <summary>pickle.dumps(value).</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> value)
    {
        var writer = new PickleWriter();
        writer.PutBytes(value);
        return writer.Finish();
    }

    /// <summary>pickle.dumps((first, second)).</summary>
    public static byte[] Pair(int first, int second)
    {
        var writer = new PickleWriter();
        writer.PutInteger(first);
        writer.PutInteger(second);
        writer.Put(0x86, 0x94); // TUPLE2 MEMOIZE
        return writer.Finish();
    }

    /// <summary>pickle.dumps({0: values[0], 1: values[1], …}).</summary>
    public static byte[] Dictionary(params ReadOnlySpan<byte[]> values)
    {
        var writer = new PickleWriter();
        writer.Put((byte)'}', 0x94, (byte)'('); // EMPTY_DICT MEMOIZE MARK
        for (int i = 0; i < values.Length; i++)
        {
            writer.PutInteger(i);
            writer.PutBytes(values[i]);
        }

        writer.Put((byte)'u'); // SETITEMS
        return writer.Finish();
    }

    private void Put(params ReadOnlySpan<byte> bytes) => _body.AddRange(bytes);

    private void PutInteger(int value)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, value);
        (byte opcode, int length) = value switch
        {
            >= 0 and <= byte.MaxValue => ((byte)'K', 1),
            >= 0 and <= ushort.MaxValue => ((byte)'M', 2),
            _ => ((byte)'J', 4),
        };
        Put(opcode);
        Put(number[..length]);
    }

    private void PutBytes(ReadOnlySpan<byte> value)
    {
        if (value.Length <= byte.MaxValue)
        {
            Put((byte)'C', (byte)value.Length);
        }
        else
        {
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, value.Length);
            Put((byte)'B');
            Put(length);
        }

        Put(value);
        Put(0x94); // MEMOIZE
    }

    private byte[] Finish()
    {
        Put((byte)'.'); // STOP
        var result = new byte[11 + _body.Count];
        result[0] = 0x80; // PROTO
        result[1] = 4;
        result[2] = 0x95; // FRAME
        BinaryPrimitives.WriteInt64LittleEndian(result.AsSpan(3), _body.Count);
        _body.CopyTo(result, 11);
        return result;
    }
}
