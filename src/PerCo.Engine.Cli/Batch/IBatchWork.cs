using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>What a verb does with its files, one by one or several at once.</summary>
/// <typeparam name="T">An input that was read.</typeparam>
internal interface IBatchWork<T>
{
    /// <summary>Why an existing output is not what a job would make, or null where it is whole.</summary>
    string? Lack(Job job);

    /// <summary>What an existing output is, where it is something else than what this verb makes; or null.</summary>
    string? Foreign(Job job) => null;

    /// <summary>Reads a job's input and checks what can be checked before the work.</summary>
    T Load(Job job);

    /// <summary>How many are worked on at once, if they are like this one.</summary>
    int MostTogether(T first);

    /// <summary>Is told that such were too many to be worked on at once.</summary>
    void TooMany(T first)
    {
    }

    /// <summary>Whether one can be worked on at once with another.</summary>
    bool Joins(T first, T next);

    /// <summary>Does the work on all of them at once.</summary>
    /// <returns>For each, what writes its file and reports it.</returns>
    IReadOnlyList<Func<FileReport>> Do(
        IReadOnlyList<T> items, IProgress<CodecProgress>? progress, CancellationToken cancellation);
}

/// <summary>Work that is done file by file.</summary>
/// <param name="work">Makes the file of a job and reports it; seconds and names are filled in later.</param>
/// <param name="lack">Why an existing output is not what a job would make, or null where it is whole.</param>
internal sealed class SingleWork(
    Func<Job, IProgress<CodecProgress>?, CancellationToken, FileReport> work, Func<Job, string?> lack) : IBatchWork<Job>
{
    /// <inheritdoc/>
    public string? Lack(Job job) => lack(job);

    /// <inheritdoc/>
    public Job Load(Job job) => job;

    /// <inheritdoc/>
    public int MostTogether(Job first) => 1;

    /// <inheritdoc/>
    public bool Joins(Job first, Job next) => false;

    /// <inheritdoc/>
    public IReadOnlyList<Func<FileReport>> Do(
        IReadOnlyList<Job> items, IProgress<CodecProgress>? progress, CancellationToken cancellation)
    {
        FileReport report = work(items[0], progress, cancellation);
        return [() => report];
    }
}
