using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace PerCo.Engine.Tensors.Ops;

/// <summary>One form for all operand errors: which op, which operand, expected, got.</summary>
internal static class OpCheck
{
    public static void That<TExpected, TActual>(
        [DoesNotReturnIf(false)] bool holds, string op, string operand, TExpected expected, TActual actual)
    {
        if (!holds)
        {
            Throw(op, operand, expected, actual);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw<TExpected, TActual>(string op, string operand, TExpected expected, TActual actual) =>
        throw new ArgumentException($"{op}: {operand} is {actual}, expected {expected}.");
}
