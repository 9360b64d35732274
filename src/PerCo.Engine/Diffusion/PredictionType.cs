namespace PerCo.Engine.Diffusion;

/// <summary>What the network was trained to predict.</summary>
internal enum PredictionType
{
    /// <summary>The noise ε.</summary>
    Epsilon,

    /// <summary>v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans and Ho 2022).</summary>
    Velocity,

    /// <summary>The clean sample x₀.</summary>
    Sample,
}

/// <summary>Reads <see cref="PredictionType"/> from a configuration.</summary>
internal static class PredictionTypes
{
    /// <summary>Reads the field <c>prediction_type</c>.</summary>
    public static PredictionType Read(SchedulerConfig config) => config.Choice(
        "prediction_type",
        "epsilon",
        ("epsilon", PredictionType.Epsilon),
        ("v_prediction", PredictionType.Velocity),
        ("sample", PredictionType.Sample));
}
