using PerCo.Engine.Cli.Verbs;
using Xunit;

namespace PerCo.Engine.Tests.Repository;

public sealed class OpsDocumentTests
{
    [Fact]
    public void Ops_are_listed_as_they_are()
    {
        string listed = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "ops.md")).ReplaceLineEndings("\n");
        Assert.True(
            OpsCommand.Markdown() == listed, "docs/ops.md is out of date: percoengine ops --markdown > docs/ops.md");
    }
}
