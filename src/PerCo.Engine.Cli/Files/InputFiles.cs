namespace PerCo.Engine.Cli.Files;

/// <summary>The files that the command line names: as files, folders or patterns, each once.</summary>
internal sealed class InputFiles
{
    private readonly List<InputFile> _files = [];
    private readonly List<(string Input, string Error)> _failures = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly bool _recursive;
    private readonly Func<string, bool> _wanted;
    private readonly string _kind;

    private InputFiles(bool recursive, Func<string, bool> wanted, string kind)
    {
        _recursive = recursive;
        _wanted = wanted;
        _kind = kind;
    }

    /// <summary>What to work on, in the order of the command line and, within a folder, of the names.</summary>
    public IReadOnlyList<InputFile> Files => _files;

    /// <summary>What was named but is not there.</summary>
    public IReadOnlyList<(string Input, string Error)> Failures => _failures;

    /// <summary>Files in the folders that are not of the wanted kind.</summary>
    public int PassedOver { get; private set; }

    /// <summary>Whether a folder or pattern, or more than one file, was named.</summary>
    public bool Several { get; private set; }

    /// <summary>Finds them.</summary>
    /// <param name="arguments">What the command line names.</param>
    /// <param name="recursive">Whether folders within folders are looked into.</param>
    /// <param name="wanted">Whether a file of a folder is taken; named files are always taken.</param>
    /// <param name="kind">What is wanted, for messages.</param>
    public static InputFiles Find(
        IReadOnlyList<string> arguments, bool recursive, Func<string, bool> wanted, string kind)
    {
        var found = new InputFiles(recursive, wanted, kind) { Several = arguments.Count > 1 };
        foreach (string argument in arguments)
        {
            try
            {
                found.Add(argument);
            }
            catch (PerCoException e)
            {
                found._failures.Add((argument, e.Message));
            }
        }

        return found;
    }

    private void Add(string argument)
    {
        if (Directory.Exists(argument))
        {
            Several = true;
            int before = _files.Count;
            AddFolder(argument, "");
            if (_files.Count == before)
            {
                throw new PerCoException(
                    $"{argument}: holds no {_kind}."
                    + (_recursive ? "" : " Look into its folders too with --recursive."));
            }
        }
        else if (argument != StandardStreams.Name && !File.Exists(argument) && Glob.IsPattern(argument))
        {
            Several = true;
            InputFile[] matches = [.. Glob.Find(argument)];
            if (matches.Length == 0)
            {
                throw new PerCoException($"{argument}: no file matches this pattern.");
            }

            foreach (InputFile file in matches)
            {
                Take(file);
            }
        }
        else if (Path.EndsInDirectorySeparator(argument))
        {
            throw new PerCoException($"{argument}: there is no such folder.");
        }
        else
        {
            Take(new InputFile(argument, Path.GetFileName(argument)));
        }
    }

    private void AddFolder(string root, string relative)
    {
        string folder = Path.Combine(root, relative);
        foreach (string name in FolderListing.Files(folder))
        {
            string path = Path.Combine(folder, name);
            if (_wanted(path) && !FileKinds.IsPipe(path))
            {
                Take(new InputFile(path, Path.Combine(relative, name)));
            }
            else
            {
                PassedOver++;
            }
        }

        if (_recursive)
        {
            foreach (string name in FolderListing.Folders(folder))
            {
                AddFolder(root, Path.Combine(relative, name));
            }
        }
    }

    private void Take(InputFile file)
    {
        if (_seen.Add(file.IsStandardInput ? file.Path : Path.GetFullPath(file.Path)))
        {
            _files.Add(file);
        }
    }
}
