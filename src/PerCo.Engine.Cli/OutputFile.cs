namespace PerCo.Engine.Cli;

/// <summary>Checks on output paths before any work is done.</summary>
internal static class OutputFile
{
    /// <summary>Refuses to replace an existing file without --force, or to write over the input.</summary>
    public static void CheckFree(string output, string input, bool force)
    {
        if (Directory.Exists(output))
        {
            throw new PerCoException($"{output}: is a folder, expected a file name to write to.");
        }

        if (Path.GetFullPath(output) == Path.GetFullPath(input))
        {
            throw new PerCoException($"{output}: is the input itself. Name another output file.");
        }

        if (!force && File.Exists(output))
        {
            throw new PerCoException($"{output}: exists already. Name another file, or use --force to replace it.");
        }

        string? folder = Path.GetDirectoryName(Path.GetFullPath(output));
        if (folder is not null && !Directory.Exists(folder))
        {
            throw new PerCoException($"{output}: the folder {folder} does not exist. Make it first.");
        }
    }
}
