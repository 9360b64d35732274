namespace PerCo.Engine.Verification;

/// <summary>A kind of case: the folder of its name holds inputs and the reference implementation's outputs.</summary>
internal abstract class CaseKind
{
    /// <summary>The folder's name, and the name in cases.json.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Files and folders without which nothing can be compared, relative to the case's folder: where one is missing,
    /// the case is skipped, since a set of cases may be partial.
    /// </summary>
    public virtual IReadOnlyList<string> Needs => ["io.safetensors"];

    /// <summary>Runs everything that the case's folder has, and reports one row for each comparison.</summary>
    /// <exception cref="PerCoException">A file is missing or damaged.</exception>
    public abstract void Run(CaseContext context);
}
