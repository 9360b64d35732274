using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Which vector instructions the CPU backend computes with.</summary>
public enum InstructionSet
{
    /// <summary>The widest that this CPU has.</summary>
    Auto,

    /// <summary>512 bits: AVX-512 F, BW and DQ.</summary>
    Avx512,

    /// <summary>256 bits: AVX2 and FMA.</summary>
    Avx2,

    /// <summary>128 bits, on every CPU: Neon on Arm, SSE or AVX on x86.</summary>
    Vector128,
}

/// <summary>What this CPU has.</summary>
internal static class InstructionSets
{
    /// <summary>The sets that this CPU has, widest first.</summary>
    public static IEnumerable<InstructionSet> Supported =>
        new[] { InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128 }.Where(IsSupported);

    // Vector512.IsHardwareAccelerated is false on CPUs that lower their clock for 512 bits; the instructions still pay.
    public static bool IsSupported(this InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported,
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    /// <summary>Replaces <see cref="InstructionSet.Auto"/>.</summary>
    /// <exception cref="PerCoException">This CPU lacks the set.</exception>
    public static InstructionSet Resolve(this InstructionSet set)
    {
        if (set == InstructionSet.Auto)
        {
            return Supported.First();
        }

        return IsSupported(set)
            ? set
            : throw new PerCoException(
                $"CPU: the instruction set {set} is not available here, expected one of "
                + $"{string.Join(", ", Supported)}. Leave it at {InstructionSet.Auto}.");
    }

    /// <summary>Number of fp32 lanes.</summary>
    public static int Lanes(this InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Vector512<float>.Count,
        InstructionSet.Avx2 => Vector256<float>.Count,
        InstructionSet.Vector128 => Vector128<float>.Count,
        _ => throw new ArgumentOutOfRangeException(nameof(set), set, "Resolve it first."),
    };
}
