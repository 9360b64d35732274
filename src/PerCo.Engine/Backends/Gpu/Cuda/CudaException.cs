namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>A call of the CUDA driver failed.</summary>
internal sealed class CudaException(string message) : PerCoException(message)
{
    private const int OutOfMemory = 2;

    /// <summary>Throws unless the status is success.</summary>
    public static void Check(CudaApi api, int status, string call)
    {
        if (status != 0)
        {
            throw new CudaException($"CUDA: {call} failed with {api.StatusName(status)}."
                + (status == OutOfMemory ? " Try a smaller picture, fp16, or the CPU." : ""))
            {
                Remedies = status == OutOfMemory ? [Remedy.Fp16, Remedy.Cpu] : [],
            };
        }
    }
}
