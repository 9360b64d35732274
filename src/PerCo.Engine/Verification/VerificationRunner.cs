using PerCo.Engine.Backends;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification;

/// <summary>
/// Runs reference cases: inputs and outputs of the public implementations, one folder a kind, listed in cases.json.
/// </summary>
public static class VerificationRunner
{
    /// <summary>Where the small set lies that is delivered with the program, relative to it.</summary>
    public const string BuiltInFolder = "verify-set";

    /// <summary>The names of all kinds of case.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. CaseKinds.All.Select(kind => kind.Name)];

    /// <summary>Runs all cases of a folder.</summary>
    /// <param name="folder">Has cases.json and a folder a case.</param>
    /// <param name="backend">Where the networks run. Its plan decides the tolerances.</param>
    /// <param name="options">What to run.</param>
    /// <param name="progress">Is told each row as it is known, on the calling thread.</param>
    /// <param name="cancellation">Looked at between comparisons.</param>
    /// <returns>All rows; the verification passed if none has failed.</returns>
    /// <exception cref="PerCoException">The folder has no readable cases.json, or a kind to run is unknown.</exception>
    /// <exception cref="OperationCanceledException">The verification was cancelled.</exception>
    public static IReadOnlyList<VerificationRow> Run(
        string folder, Backend backend, VerificationOptions? options = null, Action<VerificationRow>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        options ??= new VerificationOptions();
        RequireKnown(options.Cases);
        ConfigReader index = ReadIndex(folder);
        string tag = index.String("tag", "dev");
        var rows = new List<VerificationRow>();
        foreach (string name in InOrder(index.Section("cases").Names))
        {
            if (options.Cases.Count > 0 && !options.Cases.Contains(name, StringComparer.Ordinal))
            {
                continue;
            }

            using var context = new CaseContext(folder, name, tag, backend, options, Report, cancellation);
            RunCase(context);
        }

        return rows;

        void Report(VerificationRow row)
        {
            rows.Add(row);
            progress?.Invoke(row);
        }
    }

    /// <summary>Refuses a folder that holds no cases, before anything is computed for it.</summary>
    /// <exception cref="PerCoException">The folder has no readable cases.json.</exception>
    internal static void RequireCases(string folder) => ReadIndex(folder);

    /// <summary>
    /// Compares every op with the reference, on a GPU with each of its kernels; needs no files. What a GPU passed or
    /// failed is kept for later starts, and the faster kernels that have passed are used from now on.
    /// </summary>
    /// <param name="backend">What is checked.</param>
    /// <param name="progress">Is told each row as it is known, on the calling thread.</param>
    /// <param name="cancellation">Looked at between comparisons.</param>
    /// <exception cref="OperationCanceledException">The verification was cancelled.</exception>
    public static IReadOnlyList<VerificationRow> RunOps(
        Backend backend, Action<VerificationRow>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return OpVerification.Run(backend, progress, cancellation);
    }

    private static void RunCase(CaseContext context)
    {
        const string Whole = "all";
        CaseKind? kind = CaseKinds.All.FirstOrDefault(k => k.Name == context.Name);
        if (kind is null)
        {
            context.Skip(Whole, $"'{context.Name}' is no known kind of case");
        }
        else if (!Directory.Exists(context.Folder))
        {
            context.Skip(Whole, "its folder is missing");
        }
        else if (Missing(kind, context) is { } missing)
        {
            context.Skip(Whole, $"'{missing}' is missing");
        }
        else
        {
            context.Part(Whole, () => kind.Run(context));
            if (context.Rows == 0)
            {
                context.Skip(Whole, "its folder has nothing to compare");
            }
        }
    }

    /// <summary>The first thing that a kind needs and a case lacks; null where it is complete.</summary>
    internal static string? Missing(CaseKind kind, CaseContext context) => kind.Needs.FirstOrDefault(
        needed => !File.Exists(context.FileOf(needed)) && !Directory.Exists(context.FileOf(needed)));

    // Known kinds in our order, from quick to slow; then what is unknown, in the file's.
    private static IEnumerable<string> InOrder(IEnumerable<string> names)
    {
        string[] listed = [.. names];
        return Kinds.Where(listed.Contains).Concat(listed.Except(Kinds));
    }

    private static void RequireKnown(IReadOnlyList<string> cases)
    {
        foreach (string name in cases)
        {
            if (!Kinds.Contains(name, StringComparer.Ordinal))
            {
                throw new PerCoException($"Case '{name}' is not known, expected one of {string.Join(", ", Kinds)}.");
            }
        }
    }

    private static ConfigReader ReadIndex(string folder) => ConfigReader.Load(Path.Combine(folder, "cases.json"));
}
