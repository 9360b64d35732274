using System.Reflection;
using PerCo.Engine.Backends;
using Xunit;

namespace PerCo.Engine.Tests.Benchmarks;

/// <summary>The column of benchmarks in the table of ops.</summary>
public class BenchmarkFileTests
{
    private const string Core = "Core";

    [Fact]
    public void Every_op_has_a_benchmark()
    {
        List<string> ops = [.. typeof(Backend).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(method => method.IsAbstract && method.Name.EndsWith(Core, StringComparison.Ordinal))
            .Select(method => method.Name[..^Core.Length])];
        Assert.True(ops.Count >= 12, $"only {ops.Count} ops found");
        List<string> missing = [.. ops
            .Select(op => $"benchmarks/PerCo.Engine.Benchmarks/Ops/{op}Benchmarks.cs")
            .Where(path => !File.Exists(Path.Combine(TestPaths.Root, path)))];
        Assert.True(missing.Count == 0, string.Join(Environment.NewLine, missing));
    }
}
