namespace PerCo.Engine.Diffusion;

/// <summary>Which of the two conditions one row of a batch is given; the others are replaced by their nulls.</summary>
[Flags]
internal enum Conditions
{
    /// <summary>Neither: the null text and zero feature maps.</summary>
    None = 0,

    /// <summary>
    /// The caption; without it, the model's <c>null_text</c>, or the empty caption where there is none.
    /// </summary>
    Text = 1,

    /// <summary>The codes' features z_l; without them, zeros.</summary>
    Codes = 2,

    /// <summary>Both, as in training.</summary>
    All = Text | Codes,
}
