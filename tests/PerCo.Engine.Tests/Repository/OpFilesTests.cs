using System.Reflection;
using System.Text.RegularExpressions;
using PerCo.Engine.Backends;
using Xunit;

namespace PerCo.Engine.Tests.Repository;

/// <summary>One stem an op everywhere: the names of the files are the list of what a change has to touch.</summary>
public partial class OpFilesTests
{
    private const string Core = "Core";

    /// <summary>Every op of <see cref="Backend"/>.</summary>
    public static TheoryData<string> Ops => [.. typeof(Backend)
        .GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
        .Where(method => method.IsAbstract && method.Name.EndsWith(Core, StringComparison.Ordinal))
        .Select(method => method.Name[..^Core.Length])];

    [Theory]
    [MemberData(nameof(Ops))]
    public void An_op_has_a_file_of_its_name_in_every_column(string op)
    {
        string stem = WordStart().Replace(op, "_").ToLowerInvariant();
        string[] columns =
        [
            $"src/PerCo.Engine/Tensors/Ops/{op}.cs",
            $"src/PerCo.Engine/Backends/Reference/Ops/{op}.cs",
            $"src/PerCo.Engine/Backends/Cpu/Ops/{op}.cs",
            $"src/PerCo.Engine/Backends/Gpu/Ops/{op}.cs",
            $"kernels/{stem}.cl",
            $"tests/PerCo.Engine.Tests/Backends/Ops/{op}Tests.cs",
            $"benchmarks/PerCo.Engine.Benchmarks/Ops/{op}Benchmarks.cs",
        ];
        Assert.DoesNotContain(columns, path => !File.Exists(Path.Combine(TestPaths.Root, path)));
    }

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex WordStart();
}
