namespace PerCo.Engine.Backends.Gpu;

/// <summary>What weights and activations are stored as on a GPU. Sums, norms and softmax are fp32 always.</summary>
public enum GpuPrecision
{
    /// <summary>fp16 on a GPU, fp32 where OpenCL runs on the host's processor.</summary>
    Auto,

    /// <summary>IEEE 754 binary32.</summary>
    Fp32,

    /// <summary>IEEE 754 binary16.</summary>
    Fp16,

    /// <summary>The upper half of binary32: its range, 8 bits of significand.</summary>
    Bf16,
}
