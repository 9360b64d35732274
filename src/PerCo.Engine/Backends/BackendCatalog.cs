using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;

namespace PerCo.Engine.Backends;

/// <summary>The backends there are, by the name that <c>--device</c> takes.</summary>
public static class BackendCatalog
{
    /// <summary>The best device of this machine.</summary>
    public const string Auto = "auto";

    private static readonly (string Name, Func<CpuOptions, Backend> Create)[] Entries =
    [
        (Auto, options => new CpuBackend(options)),
        ("cpu", options => new CpuBackend(options)),
        ("reference", _ => new ReferenceBackend()),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(entry => entry.Name)];

    /// <summary>Makes a backend.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="cpu">Threads and instruction set of the CPU backend.</param>
    /// <exception cref="PerCoException">There is no backend of that name.</exception>
    public static Backend Create(string name, CpuOptions? cpu = null)
    {
        foreach ((string candidate, Func<CpuOptions, Backend> create) in Entries)
        {
            if (string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
            {
                return create(cpu ?? new CpuOptions());
            }
        }

        throw new PerCoException($"Device '{name}' is not known, expected one of {string.Join(", ", Names)}.");
    }
}
