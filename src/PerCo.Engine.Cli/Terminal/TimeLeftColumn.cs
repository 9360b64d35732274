using System.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>Time left if the rest goes as fast as what was done. Spectre's own looks at the last 30 s only.</summary>
internal sealed class TimeLeftColumn : ProgressColumn
{
    private const string Started = "started";

    /// <summary>The task's clock starts now.</summary>
    public static void Restart(ProgressTask task) =>
        task.State.Update<long>(Started, _ => Stopwatch.GetTimestamp());

    /// <inheritdoc/>
    protected override bool NoWrap => true;

    /// <inheritdoc/>
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        double fraction = task.MaxValue > 0 ? task.Value / task.MaxValue : 0;
        if (fraction is <= 0 or >= 1)
        {
            return Text.Empty;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(task.State.Get<long>(Started));
        return new Text($"{Format(elapsed * ((1 - fraction) / fraction))} left");
    }

    internal static string Format(TimeSpan time)
    {
        long seconds = (long)Math.Ceiling(time.TotalSeconds);
        return seconds < 3600
            ? $"{seconds / 60}:{seconds % 60:00}"
            : $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}";
    }
}
