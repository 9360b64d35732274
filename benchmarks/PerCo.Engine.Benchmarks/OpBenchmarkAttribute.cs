using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using PerCo.Engine.Backends.Cpu;

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

/// <summary>An op's benchmarks: a short run in this process, with GFLOP/s (and of the peak) or GB/s.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OpBenchmarkAttribute : Attribute, IConfigSource
{
    /// <inheritdoc/>
    public IConfig Config { get; } = ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
        .AddColumn(new RateColumn("GFLOP/s", shape => shape.Operations, rate => $"{rate:F0}"))
        .AddColumn(new RateColumn("of peak", shape => shape.Operations, rate => $"{rate / RateColumn.Peak.Value:P0}"))
        .AddColumn(new RateColumn("GB/s", shape => shape.Bytes, rate => $"{rate:F1}"));

    private sealed class RateColumn(string name, Func<IOpShape, double> amount, Func<double, string> format) : IColumn
    {
        // One measurement for all tables: the processor does not change between them.
        public static readonly Lazy<double> Peak = new(() => FmaPeak.Measure(Environment.ProcessorCount));

        public string Id => name;

        public string ColumnName => name;

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public string Legend => "Of the op as defined, whatever the algorithm saves; the peak is that of all threads";

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
