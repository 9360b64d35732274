using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using PerCo.Engine.IO;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// A safetensors file, memory-mapped: its tensors are views of the file, read from disk when they are first touched.
/// The header is checked as a whole before anything is handed out. Tensors must not be used after disposal.
/// Source of the format: https://github.com/huggingface/safetensors.
/// </summary>
internal sealed unsafe class SafetensorsFile : IWeightSource, IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafetensorsHeader _header;
    private readonly Lock _lock = new();
    private byte* _data;
    private bool _disposed;

    private SafetensorsFile(
        string path, MemoryMappedFile map, MemoryMappedViewAccessor view, SafetensorsHeader header, long dataStart)
    {
        Name = path;
        _map = map;
        _view = view;
        _header = header;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = start + view.PointerOffset + dataStart;
    }

    /// <summary>The path that the file was opened with.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _header.Tensors.Keys;

    /// <summary>The strings below <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="PerCoException">The file is missing, unreadable, cut short or damaged.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            long length = stream.Length;
            SafetensorsHeader header = ReadHeader(path, stream, length, out long dataStart);
            map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            stream = null;
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            var file = new SafetensorsFile(path, map, view, header, dataStart);
            map = null;
            view = null;
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new PerCoException($"{path}: cannot be read: {FileReason.Of(e, path)}", e);
        }
        finally
        {
            view?.Dispose();
            map?.Dispose();
            stream?.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_header.Tensors.TryGetValue(key, out SafetensorsEntry entry))
        {
            tensor = null;
            return false;
        }

        // One view per tensor, so that files beyond 2 GiB work although a Memory counts in int.
        var view = new MappedBytes(this, entry.Begin, (int)(entry.End - entry.Begin));
        tensor = new HostTensor($"{Name}: tensor '{key}'", entry.Type, entry.Shape, view.Memory)
        {
            Unload = view.Unload,
        };
        return true;
    }

    /// <summary>Closes the mapping; tensors of this file must no longer be in use.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _data = null;
        }

        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private static SafetensorsHeader ReadHeader(string path, FileStream stream, long length, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (length < prefix.Length)
        {
            throw new PerCoException($"{path}: {length} bytes, too short for a safetensors file. Fetch it again.");
        }

        stream.ReadExactly(prefix);
        ulong claimed = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long left = length - prefix.Length;
        if (claimed > (ulong)Math.Min(left, SafetensorsHeader.MaxBytes))
        {
            throw new PerCoException(
                $"{path}: the header claims {claimed} bytes, expected at most "
                + $"{Math.Min(left, SafetensorsHeader.MaxBytes)}. Is this a safetensors file, and whole?");
        }

        var json = new byte[(int)claimed];
        stream.ReadExactly(json);
        dataStart = prefix.Length + json.Length;
        return SafetensorsHeader.Parse(path, json, length - dataStart);
    }

    private sealed class MappedBytes(SafetensorsFile file, long offset, int length) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(file._disposed, file);
            return new Span<byte>(file._data + offset, length);
        }

        public void Unload()
        {
            lock (file._lock)
            {
                if (!file._disposed)
                {
                    MappedPages.Unload(file._data + offset, length);
                }
            }
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ObjectDisposedException.ThrowIf(file._disposed, file);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length, nameof(elementIndex));
            return new MemoryHandle(file._data + offset + elementIndex, default, this);
        }

        public override void Unpin()
        {
            // Mapped pages do not move.
        }

        protected override void Dispose(bool disposing)
        {
            // The file owns the pages.
        }
    }
}
