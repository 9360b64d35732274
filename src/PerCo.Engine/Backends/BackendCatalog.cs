using System.Globalization;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;

namespace PerCo.Engine.Backends;

/// <summary>The backends there are, by the name that users choose one by.</summary>
public static class BackendCatalog
{
    /// <summary>The best device of this machine.</summary>
    public const string Auto = "auto";

    private static readonly (string Name, Func<CpuOptions, GpuOptions, int?, Backend> Create)[] Entries =
    [
        (Auto, (cpu, gpu, _) => AutomaticDevice.Create(cpu, gpu)),
        ("cpu", (cpu, _, _) => new CpuBackend(cpu)),
        ("reference", (_, _, _) => new ReferenceBackend()),
        ("opencl", (_, gpu, index) => GpuBackend.Open("opencl", index, gpu)),
        ("cuda", (_, gpu, index) => GpuBackend.Open("cuda", index, gpu)),
    ];

    /// <summary>All names; after the name of a GPU driver, a colon and a number choose among its devices.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(entry => entry.Name)];

    /// <summary>Makes a backend.</summary>
    /// <param name="name">One of <see cref="Names"/>; of a GPU driver also with a device: opencl:1.</param>
    /// <param name="cpu">Threads and instruction set of the CPU backend.</param>
    /// <param name="gpu">Precision of a GPU backend, and who is told what.</param>
    /// <exception cref="PerCoException">There is no backend of that name, or the machine lacks it.</exception>
    public static Backend Create(string name, CpuOptions? cpu = null, GpuOptions? gpu = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Find(name) is { } found
            ? found.Create(cpu ?? new CpuOptions(), gpu ?? new GpuOptions(), found.Index)
            : throw new PerCoException($"Device '{name}' is not known, expected one of {string.Join(", ", Names)}.");
    }

    /// <summary>Whether <see cref="Create"/> knows a name; the machine may lack the device all the same.</summary>
    internal static bool IsName(string name) => Find(name) is not null;

    private static (Func<CpuOptions, GpuOptions, int?, Backend> Create, int? Index)? Find(string name)
    {
        string[] parts = name.Split(':', 2);
        int? index = null;
        if (parts.Length == 2)
        {
            if (!IsGpu(parts[0])
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return null;
            }

            index = number;
        }

        foreach ((string candidate, Func<CpuOptions, GpuOptions, int?, Backend> create) in Entries)
        {
            if (string.Equals(candidate, parts[0], StringComparison.OrdinalIgnoreCase))
            {
                return (create, index);
            }
        }

        return null;
    }

    private static bool IsGpu(string name) =>
        GpuDrivers.All.Any(driver => string.Equals(driver.Name, name, StringComparison.OrdinalIgnoreCase));
}
