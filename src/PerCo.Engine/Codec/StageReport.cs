namespace PerCo.Engine.Codec;

/// <summary>What a stage took.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Seconds">Its time, with loading the network where that happened in it.</param>
/// <param name="PeakBytes">Most memory for activations on the device.</param>
public readonly record struct StageReport(CodecStage Stage, double Seconds, long PeakBytes);
