namespace PerCo.Engine.Codec;

/// <summary>A picture of a batch.</summary>
/// <param name="File">The content of a .perco file.</param>
/// <param name="Seed">Seed of this picture's starting noise; where null, the options', the file's or 0.</param>
public sealed record DecodeRequest(PerCoFile File, ulong? Seed = null);
