namespace PerCo.Engine.Tensors.Ops;

/// <summary>Element-wise functions that ops apply to their result.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>x · sigmoid(x); Swish.</summary>
    Silu,

    /// <summary>x · Φ(x), with the error function (not the tanh approximation).</summary>
    Gelu,

    /// <summary>x · sigmoid(1.702 x), as in OpenAI's CLIP.</summary>
    QuickGelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>
    /// Of 2n features, the first n times GELU of the last n (Shazeer 2020, "GLU Variants Improve Transformer").
    /// Only <see cref="Linear"/> has it, and it halves the features.
    /// </summary>
    Geglu,
}
