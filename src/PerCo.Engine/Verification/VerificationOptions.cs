namespace PerCo.Engine.Verification;

/// <summary>What a verification runs.</summary>
public sealed record VerificationOptions
{
    /// <summary>Whether the cases at full width run: up to 12 GiB of memory and minutes of time.</summary>
    public bool Full { get; init; }

    /// <summary>The kinds of case to run; all of them where empty.</summary>
    public IReadOnlyList<string> Cases { get; init; } = [];

    /// <summary>The installed model that whole-pipeline cases may run; null for none.</summary>
    public string? ModelFolder { get; init; }
}
