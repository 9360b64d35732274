using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>Compares the blocks that a network reports with a case's <c>tap.*</c> arrays.</summary>
internal sealed class TapChecker(NetworkCase golden, double tolerance)
{
    private const string Prefix = "tap.";

    private readonly HashSet<string> _left = [.. golden.Names.Where(n
        => n.StartsWith(Prefix, StringComparison.Ordinal))];

    /// <summary>The handler to set as a network's Tap.</summary>
    public void Check(string name, Tensor value)
    {
        if (_left.Remove(Prefix + name))
        {
            double error = golden.Error(Prefix + name, value);
            Assert.True(error <= tolerance, $"{name}: normalised error {error:E2}, bound {tolerance:E1}.");
        }
    }

    /// <summary>Fails where an array of the case was never reported.</summary>
    public void RequireAll() => Assert.Empty(_left);
}
