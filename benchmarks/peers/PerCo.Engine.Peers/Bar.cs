namespace PerCo.Engine.Peers;

/// <summary>What a row is to reach, by <paramref name="Kind"/>.</summary>
/// <param name="Kind">What is bounded.</param>
/// <param name="Bound">The least value, or the most for seconds and memory.</param>
/// <param name="Contender">Whose time is divided by ours, for a ratio.</param>
internal sealed record Bar(BarKind Kind, double Bound, string Contender = "");
