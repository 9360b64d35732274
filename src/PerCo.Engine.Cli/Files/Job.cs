namespace PerCo.Engine.Cli.Files;

/// <summary>One file to make.</summary>
/// <param name="Input">What it is made from.</param>
/// <param name="Output">Where it goes; <c>-</c> for standard output.</param>
/// <param name="MakesFolders">Whether the output's folder is made where it is missing.</param>
/// <param name="Sample">Which of several draws of the input it is, from 0.</param>
internal sealed record Job(InputFile Input, string Output, bool MakesFolders, int Sample);
