namespace PerCo.Engine.Cli.Batch;

/// <summary>What <see cref="BatchOptions"/> were given.</summary>
internal sealed record BatchSettings(
    string[] Inputs, string? Output, bool Recursive, bool Resume, bool Force, string? Log);
