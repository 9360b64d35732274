using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Peers.Measuring;

namespace PerCo.Engine.Benchmarks;

/// <summary>A benchmark's case: its name in the table, and what the op is worth.</summary>
public interface IOpShape
{
    /// <summary>
    /// Multiplications and additions of the op as it is defined, whatever the algorithm saves; 0 where memory counts.
    /// </summary>
    double Operations => 0;

    /// <summary>Bytes that must be read and written at least; 0 where arithmetic counts.</summary>
    double Bytes => 0;
}

/// <summary>
/// A short run in this process, with GFLOP/s or GB/s and what share that is of what the machine can do.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OpBenchmarkAttribute(bool isNetwork = false) : Attribute, IConfigSource
{
    private static readonly int Threads = Environment.ProcessorCount;

    // One measurement for all tables: the machine does not change between them.
    private static readonly Lazy<double> Peak = new(() => FmaPeak.Measure(Threads));
    private static readonly Lazy<double> Bandwidth = new(() => MemoryBandwidth.Measure(Threads).Read);

    /// <summary>Whether a pass takes seconds: then five are timed after one, each for itself.</summary>
    public bool IsNetwork { get; } = isNetwork;

    /// <inheritdoc/>
    public IConfig Config { get; } = ManualConfig.CreateEmpty()
        .AddJob((isNetwork
            ? Job.Default.WithStrategy(RunStrategy.Monitoring).WithWarmupCount(1).WithIterationCount(5)
            : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance))
        .AddColumn(new RateColumn("GFLOP/s", shape => shape.Operations, rate => $"{rate:F0}"))
        .AddColumn(new RateColumn("of FMA peak", shape => shape.Operations, rate => $"{rate / Peak.Value:P0}"))
        .AddColumn(new RateColumn("FMA peak", shape => shape.Operations, _ => $"{Peak.Value:F0} GFLOP/s"))
        .AddColumn(new RateColumn("GB/s", shape => shape.Bytes, rate => $"{rate:F1}"))
        .AddColumn(new RateColumn("of reading", shape => shape.Bytes, rate => $"{rate / Bandwidth.Value:P0}"))
        .AddColumn(new RateColumn("reading", shape => shape.Bytes, _ => $"{Bandwidth.Value:F1} GB/s"));

    private sealed class RateColumn(string name, Func<IOpShape, double> amount, Func<double, string> format) : IColumn
    {
        public string Id => name;

        public string ColumnName => name;

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public string Legend =>
            "Of the work as defined, whatever the algorithm saves; peak and reading are those of all threads";

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            var shape = benchmarkCase.Parameters.Items.Select(p => p.Value).OfType<IOpShape>().FirstOrDefault();
            double? mean = summary[benchmarkCase]?.ResultStatistics?.Mean;
            if (shape is null || mean is null)
            {
                return "?";
            }

            return amount(shape) > 0 ? format(amount(shape) / mean.Value) : "-";
        }

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
            GetValue(summary, benchmarkCase);

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public bool IsAvailable(Summary summary) => true;
    }
}
