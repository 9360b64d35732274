namespace PerCo.Engine.Codec;

/// <summary>How far a stage is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Fraction">0 when it begins, 1 when it is done.</param>
public readonly record struct CodecProgress(CodecStage Stage, double Fraction);
