using PerCo.Engine.Cli.Files;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// What happens to an output that is there already: nothing, unless --force or --resume say otherwise.
/// </summary>
internal sealed class ExistingOutput(BatchSettings settings)
{
    /// <summary>Whether a job's output is there and whole, so that nothing is left to do.</summary>
    /// <exception cref="PerCoException">It is there, and may not be replaced.</exception>
    public bool IsDone<T>(Job job, IBatchWork<T> work)
    {
        OutputFile.Check(job);
        if (!OutputFile.IsTaken(job.Output))
        {
            return false;
        }

        // Beside a file may lie the original that it was made from, which --force is not meant for.
        if (settings.Output is null && work.Foreign(job) is { } foreign)
        {
            throw new PerCoException($"{job.Output}: exists, but {foreign}. Name another output with -o.");
        }

        if (settings.Force && !settings.Resume)
        {
            return false;
        }

        if (!settings.Resume)
        {
            throw new PerCoException(
                $"{job.Output}: exists already. Name another file, replace it with --force, or skip what is done with "
                + "--resume.");
        }

        string? lacks = work.Lack(job);
        if (lacks is not null && !settings.Force)
        {
            throw new PerCoException($"{job.Output}: exists, but {lacks}. Replace it with --force.");
        }

        return lacks is null;
    }
}
