namespace PerCo.Engine.Codec;

/// <summary>What the decoder is given (Careil et al., ICLR 2024, sec. 4.3 and tables 2 to 4).</summary>
public enum Ablation
{
    /// <summary>Caption and codes, as always.</summary>
    Both,

    /// <summary>The caption alone.</summary>
    Text,

    /// <summary>The codes alone.</summary>
    Codes,

    /// <summary>The caption and the hyper-encoder's features before the quantiser: what quantising costs.</summary>
    Unquantised,

    /// <summary>The autoencoder's latent itself, without diffusion: the best that the decoder could do.</summary>
    Autoencoder,
}
