namespace PerCo.Engine.Codec;

/// <summary>What a stage takes at most.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Weights">Bytes of prepared weights, those of other stages that stay loaded included.</param>
/// <param name="Activations">Bytes of the arena.</param>
internal readonly record struct StageMemory(CodecStage Stage, long Weights, long Activations)
{
    /// <summary>Bytes of both.</summary>
    public long Bytes => Weights + Activations;
}
