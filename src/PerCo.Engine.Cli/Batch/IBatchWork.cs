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
