using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

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
