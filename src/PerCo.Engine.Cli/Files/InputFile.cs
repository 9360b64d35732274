namespace PerCo.Engine.Cli.Files;

/// <summary>A file to work on.</summary>
/// <param name="Path">Where it is, as the user would write it; <c>-</c> for standard input.</param>
/// <param name="Relative">Its place below the folder or pattern that named it, which outputs mirror.</param>
internal sealed record InputFile(string Path, string Relative)
{
    public bool IsStandardInput => Path == StandardStreams.Name;
}
