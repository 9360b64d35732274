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
