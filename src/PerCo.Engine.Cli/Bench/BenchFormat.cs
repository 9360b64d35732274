namespace PerCo.Engine.Cli.Bench;

/// <summary>How measurements are printed.</summary>
internal enum BenchFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>Comma-separated values with a header.</summary>
    Csv,

    /// <summary>One document.</summary>
    Json,
}
