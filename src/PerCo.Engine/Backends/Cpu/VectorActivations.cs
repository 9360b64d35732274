using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>An element-wise activation on registers; a type argument of the loops that it is fused into.</summary>
internal interface IVectorActivation
{
    /// <summary>The activation of every lane.</summary>
    static abstract V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct;
}

/// <summary><see cref="Activation.None"/>.</summary>
internal readonly struct IdentityActivation : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => x;
}

/// <summary><see cref="Activation.Silu"/>.</summary>
internal readonly struct SiluActivation : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => VectorMath.Silu<S, V>(x);
}

/// <summary><see cref="Activation.Gelu"/>.</summary>
internal readonly struct GeluActivation : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => VectorMath.Gelu<S, V>(x);
}

/// <summary><see cref="Activation.QuickGelu"/>.</summary>
internal readonly struct QuickGeluActivation : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => VectorMath.QuickGelu<S, V>(x);
}

/// <summary><see cref="Activation.Relu"/>.</summary>
internal readonly struct ReluActivation : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => VectorMath.Relu<S, V>(x);
}
