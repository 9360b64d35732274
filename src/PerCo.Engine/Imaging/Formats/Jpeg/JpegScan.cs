namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>Reads the blocks of one scan (T.81, annexes F and G).</summary>
internal ref struct JpegScan
{
    private readonly JpegScanHeader _header;
    private readonly JpegHuffmanTable?[] _dc;
    private readonly JpegHuffmanTable?[] _ac;
    private readonly int[] _means;
    private readonly bool _isProgressive;
    private JpegBitReader _reader;

    // Blocks, this one included, that have no further coefficients (T.81, section G.1.2.2).
    private int _emptyBlocks;

    private JpegScan(
        ReadOnlySpan<byte> file, int position, JpegScanHeader header, JpegTables tables, bool isProgressive)
    {
        _header = header;
        _dc = [.. header.DcTables.Select(t => tables.Dc[t])];
        _ac = [.. header.AcTables.Select(t => tables.Ac[t])];
        _means = new int[header.Components.Length];
        _isProgressive = isProgressive;
        _reader = new JpegBitReader(file, position);
    }

    /// <summary>Reads a scan into its planes' coefficients.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where the scan's data starts.</param>
    /// <param name="frame">The picture's frame.</param>
    /// <param name="header">The scan's header.</param>
    /// <param name="tables">The tables as they are now; those that are needed must be there.</param>
    /// <returns>Where the next marker is.</returns>
    /// <exception cref="ImageFormatException">The data is damaged.</exception>
    public static int Read(
        ReadOnlySpan<byte> file, int position, JpegFrame frame, JpegScanHeader header, JpegTables tables)
    {
        JpegScan scan = new(file, position, header, tables, frame.IsProgressive);
        JpegComponent only = header.Components[0];
        bool isSingle = header.Components.Length == 1;
        // A scan of one plane has no units: its blocks come row by row, without those that fill units.
        int wide = isSingle ? only.BlocksWide : frame.UnitsWide;
        int high = isSingle ? only.BlocksHigh : frame.UnitsHigh;
        int untilRestart = tables.RestartInterval;
        byte restart = JpegMarker.Rst0;
        for (int y = 0; y < high; y++)
        {
            for (int x = 0; x < wide; x++)
            {
                if (tables.RestartInterval > 0 && untilRestart-- == 0)
                {
                    scan.Restart(restart);
                    restart = restart == JpegMarker.Rst7 ? JpegMarker.Rst0 : (byte)(restart + 1);
                    untilRestart = tables.RestartInterval - 1;
                }

                if (isSingle)
                {
                    scan.ReadBlock(0, only.Block(x, y));
                }
                else
                {
                    scan.ReadUnit(x, y);
                }
            }
        }

        return JpegBitReader.NextMarker(file, scan._reader.Position);
    }

    private void Restart(byte marker)
    {
        _reader.ReadRestart(marker);
        Array.Clear(_means);
        _emptyBlocks = 0;
    }

    private void ReadUnit(int unitX, int unitY)
    {
        for (int i = 0; i < _header.Components.Length; i++)
        {
            JpegComponent component = _header.Components[i];
            for (int y = 0; y < component.Vertical; y++)
            {
                for (int x = 0; x < component.Horizontal; x++)
                {
                    int blockX = (unitX * component.Horizontal) + x, blockY = (unitY * component.Vertical) + y;
                    ReadBlock(i, component.Block(blockX, blockY));
                }
            }
        }
    }

    private void ReadBlock(int component, Span<short> block)
    {
        if (!_isProgressive)
        {
            ReadMean(component, block);
            ReadBand(_ac[component]!, block, 1);
        }
        else if (_header.First > 0)
        {
            if (_header.IsRefinement)
            {
                RefineBand(_ac[component]!, block);
            }
            else
            {
                ReadBand(_ac[component]!, block, _header.First);
            }
        }
        else if (_header.IsRefinement)
        {
            block[0] |= (short)(_reader.ReadBits(1) << _header.LowBit);
        }
        else
        {
            ReadMean(component, block);
        }
    }

    private void ReadMean(int component, Span<short> block)
    {
        int length = _reader.ReadSymbol(_dc[component]!);
        _means[component] += _reader.ReadSigned(length);
        block[0] = (short)(_means[component] << _header.LowBit);
    }

    private void ReadBand(JpegHuffmanTable table, Span<short> block, int first)
    {
        if (_emptyBlocks > 0)
        {
            _emptyBlocks--;
            return;
        }

        for (int k = first; k <= _header.Last; k++)
        {
            int symbol = _reader.ReadSymbol(table);
            int zeros = symbol >> 4, length = symbol & 15;
            if (length == 0 && zeros < 15)
            {
                // In a sequential scan only this block ends here, which is what a run of 2^0 means.
                _emptyBlocks = ReadRun(_isProgressive ? zeros : 0) - 1;
                return;
            }

            // A run of sixteen zeros has a length of none: fifteen here, and one by the loop.
            k += zeros;
            if (length > 0)
            {
                RequireInBand(k);
                block[JpegZigZag.Natural[k]] = (short)(_reader.ReadSigned(length) << _header.LowBit);
            }
        }
    }

    // One more bit for coefficients that are not zero, and new coefficients of ±1 between them (T.81, section G.1.2.3).
    private void RefineBand(JpegHuffmanTable table, Span<short> block)
    {
        int k = _header.First;
        while (_emptyBlocks == 0 && k <= _header.Last)
        {
            int symbol = _reader.ReadSymbol(table);
            int zeros = symbol >> 4, length = symbol & 15;
            if (length == 0 && zeros < 15)
            {
                _emptyBlocks = ReadRun(zeros);
                break;
            }

            int value = length == 0 ? 0 : (_reader.ReadBits(1) == 1 ? 1 : -1) << _header.LowBit;
            k = SkipZeros(block, k, zeros);
            if (length > 0)
            {
                RequireInBand(k);
                block[JpegZigZag.Natural[k]] = (short)value;
            }

            k++;
        }

        if (_emptyBlocks > 0)
        {
            SkipZeros(block, k, JpegComponent.BlockSize);
            _emptyBlocks--;
        }
    }

    // Refines what is not zero on the way, and stops at the zero after so many others, or beyond the band.
    private int SkipZeros(Span<short> block, int k, int zeros)
    {
        int bit = 1 << _header.LowBit;
        for (; k <= _header.Last; k++)
        {
            ref short coefficient = ref block[JpegZigZag.Natural[k]];
            if (coefficient == 0)
            {
                if (zeros-- == 0)
                {
                    return k;
                }
            }
            else if (_reader.ReadBits(1) == 1 && (coefficient & bit) == 0)
            {
                coefficient += (short)(coefficient > 0 ? bit : -bit);
            }
        }

        return k;
    }

    private int ReadRun(int length) => (1 << length) + _reader.ReadBits(length);

    private readonly void RequireInBand(int k)
    {
        if (k > _header.Last)
        {
            throw JpegFormat.Error(
                "scan data", _reader.Position, $"coefficient {k} is beyond {_header.Last}, the last; get a fresh copy");
        }
    }
}
