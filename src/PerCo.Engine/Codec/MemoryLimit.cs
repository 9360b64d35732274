using PerCo.Engine.Backends;

namespace PerCo.Engine.Codec;

/// <summary>Most memory that the process may take.</summary>
/// <param name="Bytes">Bytes of the whole process.</param>
/// <param name="IsSystems">Whether nobody has set it: it is what the system or its container has.</param>
internal readonly record struct MemoryLimit(long Bytes, bool IsSystems)
{
    // More than any model takes without a plan: activations at Stable Diffusion's width, and weights as they lie in
    // their files, packed and transformed.
    private const long MostOfAPixel = 6 << 10;
    private const int MostOfWeights = 4;

    /// <summary>
    /// The limit for some pixels; null where there is none, or where the system has plenty and a plan would be for
    /// nothing.
    /// </summary>
    /// <param name="model">The model, which says what the system has.</param>
    /// <param name="chosen">What the caller has set.</param>
    /// <param name="pixels">Pixels of all pictures.</param>
    public static MemoryLimit? For(PerCoModel model, long? chosen, long pixels) =>
        chosen is { } bytes ? new MemoryLimit(bytes, IsSystems: false)
        : model.Backend is HostBackend && Most(model, pixels) > model.SystemMemory
            ? new MemoryLimit(model.SystemMemory, IsSystems: true)
        : null;

    private static double Most(PerCoModel model, long pixels) => MemoryPlan.Overhead
        + (double)MostOfAPixel * pixels + (double)MostOfWeights * model.Folder.WeightBytes;
}
