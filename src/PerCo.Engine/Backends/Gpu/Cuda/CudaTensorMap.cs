namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>
/// What the bulk copy engine of compute capability 9.0 must know of a matrix: a CUtensorMap, in device memory. Kernels
/// copy 64 rows of a panel at once (copy_box in kernels/wgmma_sm90a.h), with the swizzle that their products expect.
/// </summary>
internal static unsafe class CudaTensorMap
{
    private const int Bytes = 128;
    private const int Alignment = 64;
    private const int BoxRows = 64;
    private const int UInt16 = 1;
    private const int NoInterleave = 0;
    private const int Swizzle128Bytes = 3;
    private const int Promotion256Bytes = 3;
    private const int ZerosOutside = 0;

    /// <summary>Describes panels of 16-bit numbers.</summary>
    /// <param name="device">The device.</param>
    /// <param name="matrix">The panels.</param>
    /// <param name="rows">Rows of all panels together, of <see cref="MatrixPanels.Width"/> numbers each.</param>
    public static GpuBuffer Create(CudaDevice device, GpuBuffer matrix, long rows)
    {
        device.MakeCurrent();
        byte* room = stackalloc byte[Bytes + Alignment];
        byte* map = (byte*)(((nint)room + Alignment - 1) & -Alignment);
        ulong* sizes = stackalloc ulong[2] { MatrixPanels.Width, (ulong)rows };
        ulong* rowBytes = stackalloc ulong[1] { MatrixPanels.Width * sizeof(ushort) };
        uint* box = stackalloc uint[2] { MatrixPanels.Width, BoxRows };
        uint* steps = stackalloc uint[2] { 1, 1 };
        CudaException.Check(
            device.Api,
            device.Api.TensorMapEncodeTiled(
                map, UInt16, 2, matrix.Handle, sizes, rowBytes, box, steps, NoInterleave, Swizzle128Bytes,
                Promotion256Bytes, ZerosOutside),
            $"cuTensorMapEncodeTiled of {rows} rows");
        GpuBuffer buffer = device.Allocate(Bytes);
        try
        {
            device.Write(buffer, new ReadOnlySpan<byte>(map, Bytes));
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
