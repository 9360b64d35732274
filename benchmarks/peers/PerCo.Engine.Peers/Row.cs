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

/// <summary>What a row is to reach, by <paramref name="Kind"/>.</summary>
/// <param name="Kind">What is bounded.</param>
/// <param name="Bound">The least value, or the most for seconds and memory.</param>
/// <param name="Contender">Whose time is divided by ours, for a ratio.</param>
internal sealed record Bar(BarKind Kind, double Bound, string Contender = "");

/// <summary>What a bar bounds.</summary>
internal enum BarKind
{
    /// <summary>GFLOP/s as a share of the measured peak.</summary>
    OfPeak,

    /// <summary>Bytes a second as a share of the measured bandwidth of reading.</summary>
    OfBandwidth,

    /// <summary>A contender's time divided by ours.</summary>
    Ratio,

    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>Most memory of our process, in bytes.</summary>
    Memory,
}
