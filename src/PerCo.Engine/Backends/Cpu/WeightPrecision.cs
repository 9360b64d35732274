namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// What the CPU keeps the weights of linear layers and convolutions as. Activations and arithmetic are fp32 whatever
/// is chosen.
/// </summary>
public enum WeightPrecision
{
    /// <summary>
    /// Nothing is lost: fp32, and fp16 for large matrices of an fp16 checkpoint, which then are read in half the time.
    /// </summary>
    Auto,

    /// <summary>4 bytes a weight.</summary>
    Fp32,

    /// <summary>
    /// 2 bytes a weight, rounded where the checkpoint has more. Convolutions are transformed anew at every use.
    /// </summary>
    Fp16,

    /// <summary>
    /// 1 byte a weight with a factor for each output channel; small layers as fp16. Convolutions are transformed anew
    /// at every use.
    /// </summary>
    Int8,
}
