using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;

namespace PerCo.Engine.Tests.Networks;

/// <summary>The backends that the reference cases run on.</summary>
internal static class NetworkBackends
{
    /// <summary>
    /// Normalised error of a whole network in fp32: the reference implementations' own rounding is 1e-6 to 1e-5.
    /// </summary>
    public const double Tolerance = 1e-4;

    /// <summary>The same on the reference backend, whose sums are in double precision.</summary>
    public const double ReferenceTolerance = 1e-5;

    public static Backend Create(string name) => name switch
    {
        "reference" => new ReferenceBackend(),
        "cpu" => new CpuBackend(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Unknown backend."),
    };

    public static double ToleranceOf(Backend backend) => backend.Name == "reference" ? ReferenceTolerance : Tolerance;
}
