using System.Runtime.InteropServices;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>A group's on-chip memory; addresses begin at 0.</summary>
internal sealed unsafe class PtxShared : IDisposable
{
    private readonly byte* _bytes;
    private readonly int _size;

    public PtxShared(int size, int warps, bool detectRaces)
    {
        _size = size;
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, size), 1024);
        Races = detectRaces ? new PtxRaces(size, warps) : null;
    }

    /// <summary>Knows who has touched what; null where that is not asked for.</summary>
    public PtxRaces? Races { get; }

    /// <summary>Forgets the group before.</summary>
    public void Reset()
    {
        new Span<uint>(_bytes, _size / sizeof(uint)).Fill(PtxDevice.Poison);
        Races?.Reset();
    }

    /// <summary>Checks an access and leads to its bytes.</summary>
    /// <exception cref="PtxFault">It is outside, or not aligned.</exception>
    public byte* At(long address, int bytes, int alignment)
    {
        if (address < 0 || address + bytes > _size)
        {
            throw new PtxFault($"{bytes} bytes at {address} of shared memory, which has {_size}");
        }

        if (address % alignment != 0)
        {
            throw new PtxFault($"address {address} of shared memory is not a multiple of {alignment}");
        }

        return _bytes + address;
    }

    public byte* Read(PtxWarp warp, int lane, long address, int bytes)
    {
        byte* at = At(address, bytes, bytes);
        Races?.Read(warp.Index, lane, (int)address, bytes);
        return at;
    }

    public byte* Write(PtxWarp warp, int lane, long address, int bytes)
    {
        byte* at = At(address, bytes, bytes);
        Races?.Write(warp.Index, lane, (int)address, bytes);
        return at;
    }

    public void Dispose() => NativeMemory.AlignedFree(_bytes);
}
