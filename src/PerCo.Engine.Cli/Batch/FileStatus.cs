namespace PerCo.Engine.Cli.Batch;

/// <summary>What became of a file.</summary>
internal enum FileStatus
{
    /// <summary>Made.</summary>
    Done,

    /// <summary>Whole already.</summary>
    Skipped,

    /// <summary>Not made; the report says why.</summary>
    Failed,
}
