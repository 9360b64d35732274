using PerCo.Engine.Codec;
using Spectre.Console;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>Progress bars on standard error where that is a terminal: a bar a stage, one for several files.</summary>
internal sealed class ProgressDisplay(Messages messages)
{
    /// <summary>Runs work on one file that reports its stages.</summary>
    public T Run<T>(Func<IProgress<CodecProgress>?, T> work) => Run(1, work);

    /// <summary>Runs work on some files.</summary>
    public T Run<T>(int files, Func<IRunProgress?, T> work)
    {
        if (messages.Quiet || Console.IsErrorRedirected)
        {
            return work(null);
        }

        IAnsiConsole console = CreateConsole();
        if (!console.Profile.Capabilities.Ansi)
        {
            return work(null);
        }

        messages.SetLive(console);
        try
        {
            return console.Progress()
                .AutoClear(true)
                .HideCompleted(false)
                .Columns(
                    new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 },
                    new PercentageColumn(), new TimeLeftColumn())
                .Start(context => work(files == 1 ? new StageBars(context) : new FileBars(context, files)));
        }
        finally
        {
            messages.SetLive(null);
        }
    }

    private static IAnsiConsole CreateConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Console.Error),

        // https://no-color.org: any value but the empty one.
        ColorSystem = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    private static ProgressTask Add(ProgressContext context, string description, double max)
    {
        ProgressTask task = context.AddTask(Markup.Escape(description), maxValue: max);
        TimeLeftColumn.Restart(task);
        return task;
    }

    /// <summary>One file: a bar a stage.</summary>
    private sealed class StageBars(ProgressContext context) : IRunProgress
    {
        private readonly Dictionary<CodecStage, ProgressTask> _tasks = [];

        public void Begin(string name)
        {
        }

        public void End(bool worked)
        {
        }

        public void Report(CodecProgress value)
        {
            if (!_tasks.TryGetValue(value.Stage, out ProgressTask? task))
            {
                task = _tasks[value.Stage] = Add(context, value.Stage.ToString().ToLowerInvariant(), 1);
            }

            task.Value = value.Fraction;
        }
    }

    /// <summary>Several files: a bar for all of them, and one for the stage of the present one.</summary>
    private sealed class FileBars : IRunProgress
    {
        private const int NameColumns = 28;

        private readonly int _files;
        private readonly ProgressTask _all;
        private readonly ProgressTask _stage;
        private string _name = "";
        private int _ended;
        private CodecStage? _current;

        public FileBars(ProgressContext context, int files)
        {
            _files = files;
            _all = Add(context, Count(), files);
            _stage = Add(context, "starting", 1);
        }

        public void Begin(string name)
        {
            string plain = Messages.Printable(name);
            _name = plain.Length <= NameColumns ? plain : "…" + plain[^(NameColumns - 1)..];
            _current = null;
            _stage.Value = 0;
            _stage.Description = Markup.Escape(_name);
        }

        public void End(bool worked)
        {
            _ended++;
            if (worked)
            {
                _all.Increment(1);
            }
            else if (_all.MaxValue > 1)
            {
                _all.MaxValue--;
            }

            _all.Description = Markup.Escape(Count());
        }

        public void Report(CodecProgress value)
        {
            if (_current != value.Stage)
            {
                _current = value.Stage;
                TimeLeftColumn.Restart(_stage);
                _stage.Description = Markup.Escape($"{_name}: {value.Stage.ToString().ToLowerInvariant()}");
            }

            _stage.Value = value.Fraction;
        }

        private string Count() => $"{_ended} of {_files} files";
    }
}
