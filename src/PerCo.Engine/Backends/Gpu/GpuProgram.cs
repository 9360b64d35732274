namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// A file of <c>kernels/</c> at a precision: what OpenCL builds from source, and CUDA has as PTX.
/// </summary>
/// <param name="Name">The file's stem: group_norm.</param>
/// <param name="Precision">What is stored; not <see cref="GpuPrecision.Auto"/>.</param>
internal readonly record struct GpuProgram(string Name, GpuPrecision Precision)
{
    /// <summary>The one definition that makes the difference, for the compiler's command line.</summary>
    public string Definition => $"-D{Precision.ToString().ToUpperInvariant()}=1";

    /// <inheritdoc/>
    public override string ToString() => $"{Name}.cl ({Definition})";
}
