using PerCo.Engine.Codec;
using Spectre.Console;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>A progress bar per stage on standard error, on a terminal only.</summary>
internal sealed class ProgressDisplay(bool quiet)
{
    /// <summary>Runs work that reports its stages.</summary>
    public T Run<T>(Func<IProgress<CodecProgress>?, T> work)
    {
        if (quiet || Console.IsErrorRedirected)
        {
            return work(null);
        }

        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .AutoClear(true)
            .HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new Bars(context)));
    }

    private sealed class Bars(ProgressContext context) : IProgress<CodecProgress>
    {
        private readonly Dictionary<CodecStage, ProgressTask> _tasks = [];

        public void Report(CodecProgress value)
        {
            if (!_tasks.TryGetValue(value.Stage, out ProgressTask? task))
            {
                task = _tasks[value.Stage] = context.AddTask(value.Stage.ToString(), maxValue: 1);
            }

            task.Value = value.Fraction;
        }
    }
}
