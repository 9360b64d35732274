namespace PerCo.Engine.Cli;

/// <summary>What the process returns; documented in the help text and the README.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Cancelled = 130;
}
