using PerCo.Engine.Backends.Reference;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>The CPU, with SIMD and threads; activations and arithmetic are fp32.</summary>
public sealed partial class CpuBackend : ReferenceBackend
{
    /// <inheritdoc/>
    public override string Name => "cpu";
}
