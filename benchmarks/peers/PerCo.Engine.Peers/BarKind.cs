namespace PerCo.Engine.Peers;

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
