namespace PerCo.Engine.Peers;

/// <summary>A row of the table.</summary>
/// <param name="Group">What kind of work it is.</param>
/// <param name="Line">The work, as peers read it.</param>
/// <param name="Operations">
/// Multiplications and additions as the work is defined, whatever an algorithm saves; 0 where they say nothing.
/// </param>
/// <param name="Bytes">Bytes of operands and results, each touched once; 0 where they say nothing.</param>
internal sealed record Row(string Group, string Line, double Operations, double Bytes)
{
    /// <summary>The name in files of measurements.</summary>
    public string Key => $"{Group}/{Line}";

    /// <summary>Whom the engine is compared with.</summary>
    public IReadOnlyList<Contender> Contenders { get; init; } = [];

    /// <summary>What is to be reached.</summary>
    public IReadOnlyList<Bar> Bars { get; init; } = [];

    /// <summary>Whether it takes so long, or so much memory, that peers start anew and do it once a turn.</summary>
    public bool IsNetwork { get; init; }

    /// <summary>Largest normalised error between the engine's result and a peer's.</summary>
    public double Tolerance { get; init; } = 1e-3;
}
