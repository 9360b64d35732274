namespace PerCo.Engine.Diffusion;

/// <summary>
/// Classifier-free guidance (Ho and Salimans, arXiv 2207.12598) on the two conditions of PerCo (Careil et al., ICLR
/// 2024): the caption t and the codes' features c. With e(c, t) the network's prediction and ∅ a null,
/// <code>
/// out = e(∅,∅) + s · (e(c,∅) − e(∅,∅)) + g · (e(c,t) − e(c,∅))
/// </code>
/// where g is <see cref="TextScale"/> and s is <see cref="CodesScale"/>. Predictions whose weight is zero are not
/// evaluated:
/// <list type="bullet">
/// <item>g = s = 1 (<see cref="None"/>): out = e(c,t), one evaluation;</item>
/// <item>s = 1 (<see cref="Text"/>): out = e(c,∅) + g·(e(c,t) − e(c,∅)), two; what PerCo (SD) does;</item>
/// <item>g = s: out = e(∅,∅) + g·(e(c,t) − e(∅,∅)), two; both conditions are dropped together;</item>
/// <item>else three. All evaluations of a step are one batch.</item>
/// </list>
/// The null of t is the tensor <c>null_text</c> of the model, or the empty caption; the null of c is zeros.
/// </summary>
internal sealed class Guidance
{
    private readonly Conditions[] _rows;

    private Guidance(float textScale, float codesScale)
    {
        TextScale = textScale;
        CodesScale = codesScale;
        List<Conditions> rows = [];
        if (codesScale != 1)
        {
            rows.Add(Conditions.None);
        }

        if (codesScale != textScale)
        {
            rows.Add(Conditions.Codes);
        }

        if (textScale != 0)
        {
            rows.Add(Conditions.All);
        }

        _rows = [.. rows];
    }

    /// <summary>The largest scale that is taken: far beyond it nothing is left of the picture.</summary>
    public const double MaxScale = 100;

    /// <summary>No guidance: one evaluation a step.</summary>
    public static Guidance None { get; } = new(1, 1);

    /// <summary>g: how far to go along what the caption changes; 1 is no guidance.</summary>
    public float TextScale { get; }

    /// <summary>s: how far to go along what the codes change; 1 is no guidance.</summary>
    public float CodesScale { get; }

    /// <summary>The conditions to evaluate at each step, least conditioned first.</summary>
    internal ReadOnlySpan<Conditions> Rows => _rows;

    /// <summary>Whether a scale is in range; NaN never is.</summary>
    public static bool IsScale(double scale) => scale is >= 0 and <= MaxScale;

    /// <summary>Guidance on the caption.</summary>
    /// <param name="scale">g, 0 to 100; 1 is no guidance, 0 ignores the caption.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale is out of range.</exception>
    public static Guidance Text(float scale) => TextAndCodes(scale, 1);

    /// <summary>Guidance on the caption and on the codes.</summary>
    /// <param name="textScale">g, 0 to 100.</param>
    /// <param name="codesScale">s, 0 to 100.</param>
    /// <exception cref="ArgumentOutOfRangeException">A scale is out of range.</exception>
    public static Guidance TextAndCodes(float textScale, float codesScale)
    {
        CheckScale(textScale, nameof(textScale));
        CheckScale(codesScale, nameof(codesScale));
        return new Guidance(textScale, codesScale);
    }

    /// <summary>Combines the rows of a batch; the result overwrites the first row.</summary>
    /// <param name="outputs">Rows.Length × n predictions, in the order of <see cref="Rows"/>.</param>
    /// <returns>The first n elements of <paramref name="outputs"/>.</returns>
    internal Span<float> Combine(Span<float> outputs)
    {
        int length = outputs.Length / _rows.Length;
        Span<float> result = outputs[..length];
        if (_rows.Length == 1)
        {
            return result;
        }

        ReadOnlySpan<float> second = outputs.Slice(length, length);
        if (_rows.Length == 2)
        {
            // The weight of the difference between the two rows that are left.
            float scale = ScaleOf(_rows[1]);
            for (int i = 0; i < length; i++)
            {
                result[i] += scale * (second[i] - result[i]);
            }

            return result;
        }

        ReadOnlySpan<float> third = outputs.Slice(2 * length, length);
        for (int i = 0; i < length; i++)
        {
            result[i] = result[i] + (CodesScale * (second[i] - result[i])) + (TextScale * (third[i] - second[i]));
        }

        return result;
    }

    /// <summary>The same combination as weights of the rows, which add up to 1.</summary>
    internal void WriteWeights(Span<float> weights)
    {
        weights.Clear();
        for (int i = 0; i < _rows.Length; i++)
        {
            // A row counts by the scale of the condition that it adds to the row before, less the next row's.
            float scale = i == 0 ? 1 : ScaleOf(_rows[i]);
            weights[i] = scale - (i + 1 < _rows.Length ? ScaleOf(_rows[i + 1]) : 0);
        }
    }

    private float ScaleOf(Conditions row) => row == Conditions.Codes ? CodesScale : TextScale;

    private static void CheckScale(float scale, string name)
    {
        if (!IsScale(scale))
        {
            throw new ArgumentOutOfRangeException(name, scale, $"A guidance scale is from 0 to {MaxScale}.");
        }
    }
}
