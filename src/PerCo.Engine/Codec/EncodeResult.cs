namespace PerCo.Engine.Codec;

/// <summary>An encoded picture.</summary>
/// <param name="File">What goes into the file.</param>
/// <param name="Stages">What it took.</param>
public sealed record EncodeResult(PerCoFile File, IReadOnlyList<StageReport> Stages);
