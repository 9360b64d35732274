namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>What a kernel did that the PTX ISA does not allow, or leaves undefined.</summary>
internal sealed class PtxFault(string message) : Exception(message);
