using System.Buffers.Binary;

namespace PerCo.Engine.Codec.PercoSd;

/// <summary>
/// Reads the few kinds of Python pickle that PerCo (SD) writes: whole numbers, bytes, tuples and dictionaries. A pickle
/// is a program that can call any function; here only opcodes that build those four kinds exist, and everything else
/// (GLOBAL, REDUCE, BUILD …) is an error. Source: CPython's Lib/pickletools.py, protocols 3 to 5.
/// </summary>
internal ref struct Pickle
{
    // PerCo (SD)'s deepest pickle has a dictionary, a mark and six entries on its stack, and four in its memo.
    private const int MaxItems = 64;

    // It is 30 opcodes long. A file of nothing but TUPLE1 would nest millions of arrays.
    private const int MaxOpcodes = 256;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly List<object> _stack = [];
    private readonly Dictionary<uint, object> _memo = [];
    private int _position;

    private Pickle(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads one value.</summary>
    /// <returns>A <see cref="long"/>, byte[], object[] (a tuple) or Dictionary of long to object.</returns>
    /// <exception cref="PerCoException">The bytes are no such pickle.</exception>
    public static object Load(ReadOnlySpan<byte> bytes) => new Pickle(bytes).Run();

    private object Run()
    {
        for (int count = 0; ; count++)
        {
            int at = _position;
            if (count == MaxOpcodes)
            {
                throw Bad(at, $"more than {MaxOpcodes} opcodes");
            }

            byte opcode = Take(1)[0];
            switch (opcode)
            {
                case 0x80: // PROTO
                    byte version = Take(1)[0];
                    if (at != 0 || version is < 2 or > 5)
                    {
                        throw Bad(at, $"protocol {version}, expected 2 to 5");
                    }

                    break;
                case 0x95: // FRAME: a hint for reading ahead
                    if (BinaryPrimitives.ReadUInt64LittleEndian(Take(8)) > (ulong)(_bytes.Length - _position))
                    {
                        throw Bad(at, "a frame that is longer than the file");
                    }

                    break;
                case (byte)'K': // BININT1
                    Push((long)Take(1)[0]);
                    break;
                case (byte)'M': // BININT2
                    Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case (byte)'J': // BININT
                    Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case (byte)'C': // SHORT_BINBYTES
                    Push(TakeBytes(Take(1)[0]));
                    break;
                case (byte)'B': // BINBYTES
                    Push(TakeBytes(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                    break;
                case 0x8E: // BINBYTES8
                    Push(TakeBytes(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))));
                    break;
                case (byte)'}': // EMPTY_DICT
                    Push(new Dictionary<long, object>());
                    break;
                case (byte)'(': // MARK
                    Push(Mark.Instance);
                    break;
                case 0x85: // TUPLE1
                    Push(PopMany(1));
                    break;
                case 0x86: // TUPLE2
                    Push(PopMany(2));
                    break;
                case 0x87: // TUPLE3
                    Push(PopMany(3));
                    break;
                case (byte)'t': // TUPLE
                    Push(PopToMark(at));
                    break;
                case (byte)'s': // SETITEM
                    SetItems(at, PopMany(2));
                    break;
                case (byte)'u': // SETITEMS
                    SetItems(at, PopToMark(at));
                    break;
                case 0x94: // MEMOIZE
                    Remember((uint)_memo.Count);
                    break;
                case (byte)'q': // BINPUT
                    Remember(Take(1)[0]);
                    break;
                case (byte)'r': // LONG_BINPUT
                    Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                    break;
                case (byte)'h': // BINGET
                    Recall(at, Take(1)[0]);
                    break;
                case (byte)'j': // LONG_BINGET
                    Recall(at, BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                    break;
                case (byte)'.': // STOP
                    object result = Pop();
                    return _stack.Count == 0 && _position == _bytes.Length
                        ? result
                        : throw Bad(at, "something after the value");
                default:
                    throw Bad(at, $"opcode 0x{opcode:X2}, which no PerCo (SD) file has and which is never run");
            }
        }
    }

    private static PerCoException Bad(int at, string what) =>
        new($"Pickle: byte {at} has {what}. Was this file written by PerCo (SD)?");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _position)
        {
            throw Bad(_position, $"{_bytes.Length - _position} bytes left, expected {count}");
        }

        ReadOnlySpan<byte> result = _bytes.Slice(_position, count);
        _position += count;
        return result;
    }

    // The length is compared with what is there before anything is allocated.
    private byte[] TakeBytes(ulong count) => count <= (ulong)(_bytes.Length - _position)
        ? Take((int)count).ToArray()
        : throw Bad(_position, $"{_bytes.Length - _position} bytes left, expected {count}");

    private readonly void Push(object value)
    {
        if (_stack.Count == MaxItems)
        {
            throw Bad(_position, $"more than {MaxItems} values");
        }

        _stack.Add(value);
    }

    private readonly object Pop() => PopMany(1)[0];

    private readonly object[] PopMany(int count)
    {
        int start = _stack.Count - count;
        if (start < 0 || _stack.IndexOf(Mark.Instance, start) >= 0)
        {
            throw Bad(_position, $"too few values, expected {count}");
        }

        object[] values = [.. _stack[start..]];
        _stack.RemoveRange(start, count);
        return values;
    }

    private readonly object[] PopToMark(int at)
    {
        int mark = _stack.LastIndexOf(Mark.Instance);
        if (mark < 0)
        {
            throw Bad(at, "no mark to collect from");
        }

        object[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly void SetItems(int at, object[] items)
    {
        if (items.Length % 2 != 0 || _stack.Count == 0 || _stack[^1] is not Dictionary<long, object> target)
        {
            throw Bad(at, "entries without a dictionary");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            // A dictionary inside itself would be a cycle, which no reader of these files expects.
            if (items[i] is not long key || items[i + 1] is Dictionary<long, object> || target.Count == MaxItems)
            {
                throw Bad(at, "an entry that is no number with a plain value");
            }

            target[key] = items[i + 1];
        }
    }

    private readonly void Remember(uint index)
    {
        if (_stack.Count == 0 || _stack[^1] == (object)Mark.Instance || _memo.Count == MaxItems)
        {
            throw Bad(_position, "nothing to remember, or too much");
        }

        _memo[index] = _stack[^1];
    }

    private readonly void Recall(int at, uint index) =>
        Push(_memo.TryGetValue(index, out object? value) ? value : throw Bad(at, $"no value {index} to recall"));

    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }
}
