namespace PerCo.Engine.Codec;

/// <summary>The stages of encoding and decoding, in their order.</summary>
public enum CodecStage
{
    /// <summary>Encoder: the captioner says what the picture shows.</summary>
    Caption,

    /// <summary>Encoder: the autoencoder's latent of the picture.</summary>
    Latent,

    /// <summary>Encoder: the hyper-encoder's codes of the latent. Decoder: the codes' features.</summary>
    Codes,

    /// <summary>Decoder: the caption's text features.</summary>
    Text,

    /// <summary>Decoder: the denoising loop.</summary>
    Denoise,

    /// <summary>Decoder: the autoencoder's picture of the latent.</summary>
    Picture,
}

/// <summary>How far a stage is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Fraction">0 when it begins, 1 when it is done.</param>
public readonly record struct CodecProgress(CodecStage Stage, double Fraction);

/// <summary>What a stage took.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Seconds">Its time, with loading the network where that happened in it.</param>
/// <param name="PeakBytes">Most memory for activations on the device.</param>
public readonly record struct StageReport(CodecStage Stage, double Seconds, long PeakBytes);
