using System.Globalization;

namespace PerCo.Engine.Verification;

/// <summary>What became of a comparison.</summary>
public enum Verdict
{
    /// <summary>Within the tolerance.</summary>
    Pass,

    /// <summary>Outside of the tolerance, or an error kept it from being compared.</summary>
    Fail,

    /// <summary>Not compared; <see cref="VerificationRow.Detail"/> says why.</summary>
    Skipped,
}

/// <summary>How two results are compared.</summary>
public enum Measure
{
    /// <summary>rms(ours − theirs) / rms(theirs), at most the tolerance.</summary>
    NormalisedError,

    /// <summary>The largest absolute difference, at most the tolerance.</summary>
    LargestError,

    /// <summary>How many values differ that have to be equal: none may.</summary>
    Differences,

    /// <summary>Peak signal-to-noise ratio in dB, at least the tolerance.</summary>
    Psnr,
}

/// <summary>One comparison of a verification.</summary>
public sealed record VerificationRow
{
    /// <summary>The kind of case: <c>vae</c>, <c>unet</c> …; parts of full cases as <c>full/vae</c>.</summary>
    public required string Case { get; init; }

    /// <summary>What was compared: the array's name in the case, as a rule.</summary>
    public required string Quantity { get; init; }

    /// <summary>How it was compared.</summary>
    public Measure Measure { get; init; }

    /// <summary>The result in the unit of <see cref="Measure"/>; null where nothing was compared.</summary>
    public double? Error { get; init; }

    /// <summary>The bound in the unit of <see cref="Measure"/>; null where nothing was compared.</summary>
    public double? Tolerance { get; init; }

    /// <summary>What became of it.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why it was skipped or could not be compared, or what the numbers leave out; null for nothing.</summary>
    public string? Detail { get; init; }

    /// <summary><see cref="Error"/> for people: 3.1e-06, 2, 61.3 dB; empty where nothing was compared.</summary>
    public string ErrorText => Text(Error);

    /// <summary><see cref="Tolerance"/> for people, in the form of <see cref="ErrorText"/>.</summary>
    public string ToleranceText => Text(Tolerance);

    private string Text(double? value) => (value, Measure) switch
    {
        (null, _) => "",
        ({ } number, Measure.Differences) => number.ToString("F0", CultureInfo.InvariantCulture),
        ({ } number, Measure.Psnr) => number.ToString("F1", CultureInfo.InvariantCulture) + " dB",
        ({ } number, _) => number.ToString("0.0e+00", CultureInfo.InvariantCulture),
    };
}
