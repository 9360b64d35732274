using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification;

/// <summary>Compares what a network's blocks report with a case's <c>tap.*</c> arrays.</summary>
internal sealed class TapComparer(CaseContext context)
{
    private const string Prefix = "tap.";

    private readonly HashSet<string> _left =
        [.. context.Arrays.Names.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))];

    /// <summary>The listener to give to the network.</summary>
    public void Compare(string block, Tensor value)
    {
        if (_left.Remove(Prefix + block))
        {
            context.Part(Prefix + block, () => context.Compare(Prefix + block, value));
        }
    }

    /// <summary>Reports the arrays that no block belonged to.</summary>
    public void ReportRest()
    {
        foreach (string name in _left.Order(StringComparer.Ordinal))
        {
            context.Skip(name, "no block of this name was run");
        }
    }
}
