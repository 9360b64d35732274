namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>A kernel, ready to run.</summary>
internal sealed class PtxKernel
{
    /// <summary>Name of the entry.</summary>
    public required string Name { get; init; }

    /// <summary>Its instructions.</summary>
    public required IReadOnlyList<PtxInstruction> Code { get; init; }

    /// <summary>Bytes of each parameter: 4 or 8.</summary>
    public required IReadOnlyList<int> Parameters { get; init; }

    /// <summary>Work-items of a group (.maxntid).</summary>
    public required int GroupSize { get; init; }

    /// <summary>Registers by bank, those that hold constants included.</summary>
    public required int Words { get; init; }

    /// <inheritdoc cref="Words"/>
    public required int Longs { get; init; }

    /// <inheritdoc cref="Words"/>
    public required int Predicates { get; init; }

    /// <summary>What 32-bit registers hold from the start in every lane.</summary>
    public required IReadOnlyList<(int Register, uint Value)> WordConstants { get; init; }

    /// <summary>The same of 64-bit registers.</summary>
    public required IReadOnlyList<(int Register, ulong Value)> LongConstants { get; init; }

    /// <summary>Registers of %tid.x, %ctaid.x and so on.</summary>
    public required IReadOnlyDictionary<string, int> Specials { get; init; }

    /// <summary>Bytes of declared shared memory; what a launch asks for comes after them.</summary>
    public required int StaticShared { get; init; }

    /// <summary>Bytes of local memory a work-item.</summary>
    public required int Local { get; init; }
}
