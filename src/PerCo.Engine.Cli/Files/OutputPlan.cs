namespace PerCo.Engine.Cli.Files;

/// <summary>Which file is made from which.</summary>
internal sealed class OutputPlan
{
    private readonly List<Job> _jobs = [];
    private readonly List<(string Input, string Error)> _failures = [];

    public IReadOnlyList<Job> Jobs => _jobs;

    /// <summary>Inputs whose output is another's.</summary>
    public IReadOnlyList<(string Input, string Error)> Failures => _failures;

    /// <summary>Whether standard output carries a file.</summary>
    public bool ToStandardOutput => _jobs.Any(job => job.Output == StandardStreams.Name);

    /// <summary>
    /// Takes the output off a list of paths: the last of several, where it is <c>-</c> or has an output's ending.
    /// </summary>
    public static (string[] Inputs, string? Output) Split(string[] paths, params string[] extensions) =>
        paths.Length > 1 && (paths[^1] == StandardStreams.Name || FileKinds.HasExtension(paths[^1], extensions))
            ? (paths[..^1], paths[^1])
            : (paths, null);

    /// <summary>Plans the outputs.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="target">What the user named: a file, a folder, <c>-</c>, or null for "beside the input".</param>
    /// <param name="extension">Ending of names that are not given, with its dot.</param>
    /// <param name="samples">Files to make of each input.</param>
    /// <param name="isForeign">
    /// Whether the file at a job's output was not made by this verb; where nobody named that output, another is taken.
    /// </param>
    /// <exception cref="UsageException">Inputs and target do not fit each other.</exception>
    /// <exception cref="PerCoException">A file stands where a folder is needed.</exception>
    public static OutputPlan Make(
        InputFiles inputs, string? target, string extension, int samples = 1, Func<Job, bool>? isForeign = null)
    {
        bool toFolder = target is not null && target != StandardStreams.Name
            && (inputs.Several || Directory.Exists(target) || Path.EndsInDirectorySeparator(target));
        if (target == StandardStreams.Name && (inputs.Several || samples > 1))
        {
            throw new UsageException("Standard output takes one file only; name a folder with -o.");
        }

        if (toFolder && !Path.Exists(target) && !Path.EndsInDirectorySeparator(target!)
            && FileKinds.IsOutputName(target!))
        {
            throw new UsageException(
                $"{target} is the name of one file, expected a folder for several outputs. If a folder is meant, "
                + $"write {target}{Path.DirectorySeparatorChar}");
        }

        if (toFolder && File.Exists(target))
        {
            throw new PerCoException($"{target}: is a file, expected a folder for several outputs.");
        }

        var plan = new OutputPlan();
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (InputFile input in inputs.Files)
        {
            if (input.IsStandardInput && (toFolder || (target is null && samples > 1)))
            {
                throw new UsageException("Standard input has no name; name the output file.");
            }

            string output = toFolder ? Path.Combine(target!, Path.ChangeExtension(input.Relative, extension))
                : target ?? (input.IsStandardInput ? StandardStreams.Name
                    : Path.ChangeExtension(input.Path, extension));
            for (int sample = 0; sample < samples; sample++)
            {
                string name = samples == 1 ? output : Appended(output, $"{sample + 1}");
                var job = new Job(input, name, toFolder, sample);
                if (target is null && OutputFile.IsTaken(name) && isForeign?.Invoke(job) == true)
                {
                    job = job with { Output = Appended(name, "decoded") };
                }

                string key = job.Output == StandardStreams.Name ? job.Output : Path.GetFullPath(job.Output);
                if (!owners.TryAdd(key, input.Path))
                {
                    plan._failures.Add((
                        input.Path,
                        $"{input.Path}: {job.Output} is made from {owners[key]} already. "
                        + (toFolder ? "Rename one of them, or work on it alone." : "Name it with -o.")));
                    break;
                }

                plan._jobs.Add(job);
            }
        }

        return plan;
    }

    /// <summary>photo.png → photo-3.png.</summary>
    private static string Appended(string path, string what) => Path.Combine(
        Path.GetDirectoryName(path) ?? "",
        $"{Path.GetFileNameWithoutExtension(path)}-{what}{Path.GetExtension(path)}");
}
