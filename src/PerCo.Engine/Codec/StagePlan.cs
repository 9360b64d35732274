namespace PerCo.Engine.Codec;

/// <summary>How the stages of one picture use memory. Each stage sets it: others may share the model.</summary>
/// <param name="Limited">The plan within a limit on the CPU; null for none.</param>
/// <param name="BandBytes">Size of the autoencoder's bands of rows on a GPU; null for the backend's own.</param>
internal sealed record StagePlan(MemoryPlan? Limited, long? BandBytes);
