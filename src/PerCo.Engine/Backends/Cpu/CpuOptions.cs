namespace PerCo.Engine.Backends.Cpu;

/// <summary>How the CPU backend computes. The number of threads never changes a result.</summary>
public sealed record CpuOptions
{
    /// <summary>More threads than this wait for memory on the machines that we know.</summary>
    private const int MostDefaultThreads = 64;

    /// <summary>More threads than this may be more than a process can have, which then ends.</summary>
    internal const int MostThreads = 1024;

    /// <summary>
    /// Threads that compute, the caller's among them; 1 to 1024. One per processor by default, at most 64.
    /// </summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, MostDefaultThreads);

    /// <summary>Vector instructions; the widest available by default.</summary>
    public InstructionSet InstructionSet { get; init; }

    /// <summary>
    /// Memory in bytes that Winograd's transformed weights may take, which are up to 4 times larger than the weights
    /// themselves. Layers that are loaded when it is used up transform their weights at every use, which is slower and
    /// gives the same bits. A quarter of the machine's memory by default; small models never come near it.
    /// </summary>
    public long TransformedWeightMemory { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    /// <summary>
    /// What weights are kept as: by default so that nothing is lost. fp16 takes half the memory and int8 a quarter, for
    /// differences that docs/precision.md states.
    /// </summary>
    public WeightPrecision Weights { get; init; }

    /// <summary>Precision and memory of weights together.</summary>
    internal WeightPlan WeightPlan => new(Weights, TransformedWeightMemory);

    /// <summary>
    /// The same bits on every CPU: convolutions and products are computed directly, and no weight is rounded. Otherwise
    /// too the vector's width changes no sum, but in layers with few positions and many channels, whose algorithm is
    /// another with AVX-512.
    /// </summary>
    public bool Strict { get; init; }
}
