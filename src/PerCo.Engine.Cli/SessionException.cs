namespace PerCo.Engine.Cli;

/// <summary>The model or the device cannot be opened, so that no file can be worked on: exit code 1.</summary>
internal sealed class SessionException(PerCoException cause) : PerCoException(cause.Message, cause);
