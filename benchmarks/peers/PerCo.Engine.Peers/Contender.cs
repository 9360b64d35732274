namespace PerCo.Engine.Peers;

/// <summary>Someone who does the same work.</summary>
/// <param name="Name">The name in the table.</param>
/// <param name="Peer">Which process does it: torch, onednn, or engine.</param>
/// <param name="Variant">Words added to the work's line.</param>
internal sealed record Contender(string Name, string Peer, string Variant = "")
{
    /// <summary>Its threads; 0 for as many as all others.</summary>
    public int Threads { get; init; }

    /// <summary>A word that the peer must say when it is ready, or the contender is left out.</summary>
    public string Needs { get; init; } = "";

    /// <summary>Largest normalised error where the row's is too strict for the arithmetic; 0 for the row's.</summary>
    public double Tolerance { get; init; }

    /// <summary>Whether it takes part only where it is asked for by its own name.</summary>
    public bool IsOptional { get; init; }
}
