namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>Reads the bits of a scan: high bits first, a zero byte after each 0xFF dropped, up to a marker.</summary>
internal ref struct JpegBitReader
{
    private readonly ReadOnlySpan<byte> _file;
    private int _position;
    private ulong _bits;
    private int _count;

    /// <summary>Starts reading.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where the scan's data starts.</param>
    public JpegBitReader(ReadOnlySpan<byte> file, int position)
    {
        _file = file;
        _position = position;
    }

    /// <summary>The byte that is read next, or the marker's; up to eight earlier ones may be unused yet.</summary>
    public readonly int Position => _position;

    /// <summary>Reads a symbol.</summary>
    /// <exception cref="ImageFormatException">No code is like the next bits, or the data ends.</exception>
    public int ReadSymbol(JpegHuffmanTable table)
    {
        if (_count < JpegHuffmanTable.MaxLength)
        {
            Fill();
        }

        // Beyond the end, zeros are only looked at; Drop refuses to use them.
        int missing = JpegHuffmanTable.MaxLength - _count;
        int next = (int)(missing > 0 ? _bits << missing : _bits >> -missing) & 0xFFFF;
        int symbol = table.Find(next, out int length);
        if (symbol < 0)
        {
            throw JpegFormat.Error("scan data", _position, "the next bits are no Huffman code; get a fresh copy");
        }

        Drop(length);
        return symbol;
    }

    /// <summary>Reads an unsigned number.</summary>
    /// <param name="length">Bits, 0 to 16.</param>
    public int ReadBits(int length)
    {
        if (_count < length)
        {
            Fill();
        }

        Drop(length);
        return (int)(_bits >> _count) & ((1 << length) - 1);
    }

    /// <summary>Reads a signed number: its high bit tells the sign (T.81, section F.2.2.1, EXTEND).</summary>
    /// <param name="length">Bits, 0 to 15.</param>
    public int ReadSigned(int length)
    {
        if (length == 0)
        {
            return 0;
        }

        int value = ReadBits(length);
        return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
    }

    /// <summary>Drops what is left before the next marker, and reads the marker, which must be this one.</summary>
    /// <param name="marker">A restart marker.</param>
    /// <exception cref="ImageFormatException">Another marker comes first, or none.</exception>
    public void ReadRestart(byte marker)
    {
        _count = 0;
        _position = NextMarker(_file, _position);
        if (_position >= _file.Length || _file[_position + 1] != marker)
        {
            string found = _position < _file.Length ? JpegMarker.Name(_file[_position + 1]) : "the end of the file";
            throw JpegFormat.Error(
                "scan data", _position, $"expected {JpegMarker.Name(marker)}, found {found}; get a fresh copy");
        }

        _position += 2;
    }

    /// <summary>The place of the next marker in a scan's data, or the end of the file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where to start.</param>
    public static int NextMarker(ReadOnlySpan<byte> file, int position)
    {
        for (; position + 1 < file.Length; position++)
        {
            if (file[position] == 0xFF && file[position + 1] is not (0 or 0xFF))
            {
                return position;
            }
        }

        return file.Length;
    }

    private void Fill()
    {
        while (_count <= 56 && _position < _file.Length)
        {
            byte next = _file[_position];
            if (next == 0xFF)
            {
                if (_position + 1 >= _file.Length || _file[_position + 1] != 0)
                {
                    return;
                }

                _position++;
            }

            _position++;
            _bits = (_bits << 8) | next;
            _count += 8;
        }
    }

    private void Drop(int length)
    {
        if (length > _count)
        {
            throw JpegFormat.Error("scan data", _position, "the data ends within a block; the file was cut short");
        }

        _count -= length;
    }
}
