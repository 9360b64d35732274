using System.CommandLine;
using System.Text.RegularExpressions;
using PerCo.Engine.Cli;
using Xunit;

namespace PerCo.Engine.Tests.Repository;

/// <summary>What the documents say, checked against the code.</summary>
public partial class DocumentTests
{
    public static TheoryData<string> Documents => new("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
        "docs/FORMAT.md", "docs/precision.md", "docs/performance.md", "benchmarks/README.md",
        "benchmarks/peers/README.md", "kernels/ladder/README.md");

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_percoengine_command_parses(string document)
    {
        RootCommand root = CommandLineApp.Build();
        foreach (Match match in Command().Matches(File.ReadAllText(Path.Combine(TestPaths.Root, document))))
        {
            string arguments = match.Groups[1].Value.Split('#')[0].Trim();
            ParseResult parsed = root.Parse(arguments);
            Assert.True(parsed.Errors.Count == 0, $"{document}: {arguments}: {string.Join(' ', parsed.Errors)}");
        }
    }

    [Fact]
    public void Every_example_in_the_help_parses()
    {
        RootCommand root = CommandLineApp.Build();
        int examples = 0;
        foreach (string? text in root.Subcommands.Select(verb => verb.Description).Append(root.Description))
        {
            foreach (Match match in Command().Matches(text ?? ""))
            {
                string arguments = HelpColumns().Split(match.Groups[1].Value)[0].Split(" >")[0];
                ParseResult parsed = root.Parse(arguments);
                Assert.True(parsed.Errors.Count == 0, $"{arguments}: {string.Join(' ', parsed.Errors)}");
                examples++;
            }
        }

        Assert.True(examples >= 8);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_somewhere(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(TestPaths.Root, document))!;
        foreach (Match match in Link().Matches(File.ReadAllText(Path.Combine(TestPaths.Root, document))))
        {
            string target = match.Groups[1].Value;
            Assert.True(Path.Exists(Path.Combine(folder, target)), $"{document}: {target} does not exist.");
        }
    }

    [GeneratedRegex(@"(?:^|\s)(?:percoengine|dotnet run [^\n]*? --) (?!-)([^\n`]+)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"\s{3,}")]
    private static partial Regex HelpColumns();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#]+)")]
    private static partial Regex Link();
}
