using System.Globalization;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Bench;

/// <summary>Prints measurements as they come, or in the end.</summary>
internal sealed class OpBenchPrinter
{
    private readonly Backend _backend;
    private readonly DeviceCeilings? _ceilings;
    private readonly BenchFormat _format;
    private readonly int _elementSize;
    private readonly JsonArray _rows = [];

    public OpBenchPrinter(Backend backend, DeviceCeilings? ceilings, BenchFormat format)
    {
        _backend = backend;
        _ceilings = ceilings;
        _format = format;
        _elementSize = backend is GpuBackend { Precision: not GpuPrecision.Fp32 } ? 2 : 4;
        if (format == BenchFormat.Table)
        {
            Console.WriteLine($"{backend.Name}: {backend.Description}");
            Console.WriteLine(ceilings is null
                ? "no ceilings: this backend is not made to be fast"
                : string.Create(CultureInfo.InvariantCulture,
                    $"ceilings: {ceilings.GFlops:F0} GFLOP/s in fp32 multiply-adds, {ceilings.GBytes:F1} GB/s copied"));
            Console.WriteLine(
                $"{"set",-9} {"kernel",-16} {"shape",-38} {"error",8} {"ms",10} {"GFLOP/s",9} {"of peak",8} {"GB/s",8} "
                + $"{"of copy",8}");
        }
        else if (format == BenchFormat.Csv)
        {
            Console.WriteLine("set,op,kernel,shape,precision,error,milliseconds,gflops,of_peak,gbytes,of_copy,result,"
                + "estimated_milliseconds,times_below,note");
        }
    }

    /// <summary>Whether there was anything to print.</summary>
    public bool Any { get; private set; }

    public void Add(OpMeasurement row)
    {
        Any = true;
        double? flops = row.GFlops, bytes = row.GBytes(_elementSize);
        double? ofPeak = flops / _ceilings?.GFlops, ofCopy = bytes / _ceilings?.GBytes;
        if (_format == BenchFormat.Table)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Set,-9} {row.Kernel,-16} {row.Trial.Shape,-38} {row.Error,8:0.0e+00} {row.Seconds * 1e3,10:F4} "
                + $"{flops,9:F1} {ofPeak,8:P0} {bytes,8:F1} {ofCopy,8:P0} {Remark(row)}").TrimEnd());
        }
        else if (_format == BenchFormat.Csv)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Set},{row.Trial.Op},{row.Kernel},{row.Trial.Shape},{Precision},{row.Error:0.00e+00},"
                + $"{row.Seconds * 1e3:F5},{flops:F2},{ofPeak:F4},{bytes:F2},{ofCopy:F4},"
                + $"{row.Result},{row.Estimate * 1e3:F5},{row.TimesBelow:F3},{CsvText.Quoted(row.Note ?? "")}"));
        }
        else
        {
            _rows.Add((JsonNode)new JsonObject
            {
                ["set"] = row.Set,
                ["op"] = row.Trial.Op,
                ["kernel"] = row.Kernel,
                ["shape"] = row.Trial.Shape,
                ["error"] = row.Error is { } error && double.IsFinite(error) ? error : null,
                ["milliseconds"] = row.Seconds * 1e3,
                ["gflops"] = flops,
                ["ofPeak"] = ofPeak,
                ["gbytes"] = bytes,
                ["ofCopy"] = ofCopy,
                ["passed"] = row.Passed,
                ["detail"] = row.Detail,
                ["estimatedMilliseconds"] = row.Estimate * 1e3,
                ["timesBelow"] = row.TimesBelow,
                ["note"] = row.Note,
            });
        }
    }

    public void End()
    {
        if (_format == BenchFormat.Json)
        {
            JsonText.Print(new JsonObject
            {
                ["device"] = _backend.Name,
                ["description"] = _backend.Description,
                ["precision"] = Precision,
                ["peakGflops"] = _ceilings?.GFlops,
                ["copyGbytes"] = _ceilings?.GBytes,
                ["measurements"] = _rows,
            });
        }
    }

    private static string Remark(OpMeasurement row) => row.Detail ?? string.Create(
        CultureInfo.InvariantCulture,
        $"{(row.Estimate is { } seconds ? $"estimated {seconds * 1e3:F4} ms" : "")}"
        + $"{(row.TimesBelow is { } times ? $"{times,5:F2}x " : "")}{row.Note}");

    private string Precision => _backend is GpuBackend gpu ? gpu.Precision.ToString().ToLowerInvariant() : "fp32";
}
