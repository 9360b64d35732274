namespace PerCo.Engine.Cli;

/// <summary>The command line asks for what cannot be, as the paths show: exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
