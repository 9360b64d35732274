using System.Text.RegularExpressions;
using Xunit;

namespace PerCo.Engine.Tests.Repository;

/// <summary>The arrows between modules that ARCHITECTURE.md draws.</summary>
public partial class ArchitectureTests
{
    /// <summary>Module → the modules that it may use. IO and the root namespace are open to all.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        // A tensor knows its backend, and a backend its tensors: one notion in two folders.
        ["Tensors"] = ["Backends"],
        ["Backends"] = ["Tensors"],
        ["Weights"] = ["Tensors"],
        ["Layers"] = ["Tensors", "Backends", "Weights"],
        ["Imaging"] = [],
        ["Tokenizers"] = [],
        ["Networks"] = ["Tensors", "Backends", "Weights", "Layers", "Imaging", "Tokenizers"],
        ["Diffusion"] = ["Tensors"],
        ["Codec"] = ["Tensors", "Backends", "Weights", "Layers", "Networks", "Diffusion", "Imaging", "Tokenizers"],
        ["Verification"] =
            ["Tensors", "Backends", "Weights", "Layers", "Networks", "Diffusion", "Codec", "Imaging", "Tokenizers"],
        ["IO"] = [],
    };

    [Fact]
    public void Modules_use_only_what_the_arrows_allow()
    {
        var wrong = new List<string>();
        foreach (string path in SourceFiles.All(".cs"))
        {
            Match module = ModulePath().Match(path);
            if (!module.Success)
            {
                continue;
            }

            string name = module.Groups[1].Value;
            Assert.True(Allowed.ContainsKey(name), $"{path}: the module {name} is missing in ArchitectureTests.");
            foreach (string line in SourceFiles.Lines(path))
            {
                Match use = Using().Match(line);
                if (use.Success && use.Groups[1].Value is var used && used != name && used != "IO"
                    && !Allowed[name].Contains(used))
                {
                    wrong.Add($"{path}: {line.Trim()}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    /// <summary>
    /// On Linux these end the process where OpenSSL is missing, the second for its random numbers: IO has both.
    /// </summary>
    [Fact]
    public void The_sources_use_nothing_that_needs_OpenSSL()
    {
        List<string> used = [.. SourceFiles.All(".cs")
            .Where(path => path.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(path => SourceFiles.Lines(path).Select(line => $"{path}: {line.Trim()}"))
            .Where(line => line.Contains("System.Security.Cryptography", StringComparison.Ordinal)
                || line.Contains("AllowDuplicateProperties", StringComparison.Ordinal))];
        Assert.True(used.Count == 0, string.Join(Environment.NewLine, used));
    }

    /// <summary>
    /// The library's errors name settings by <see cref="PerCoException.Remedies"/>: a program that uses it has no
    /// options. Only verify's own skips do.
    /// </summary>
    [Fact]
    public void The_library_names_no_option_of_the_command_line()
    {
        List<string> named = [.. SourceFiles.All(".cs")
            .Where(path => path.StartsWith("src/PerCo.Engine/", StringComparison.Ordinal)
                && !path.Contains("/Verification/", StringComparison.Ordinal))
            .SelectMany(path => SourceFiles.Lines(path).Select(line => $"{path}: {line.Trim()}"))
            .Where(line => OptionInText().IsMatch(line) && !line.Contains("///", StringComparison.Ordinal))];
        Assert.True(named.Count == 0, string.Join(Environment.NewLine, named));
    }

    [Fact]
    public void Networks_name_no_backend()
    {
        List<string> named = [.. SourceFiles.All(".cs")
            .Where(path => path.Contains("/Networks/", StringComparison.Ordinal)
                && path.StartsWith("src/", StringComparison.Ordinal))
            .Where(path => SourceFiles.Lines(path).Any(line =>
                line.Contains("Backends.Cpu", StringComparison.Ordinal)
                || line.Contains("Backends.Reference", StringComparison.Ordinal)
                || line.Contains("Backends.Gpu", StringComparison.Ordinal)))];
        Assert.True(named.Count == 0, string.Join(Environment.NewLine, named));
    }

    [GeneratedRegex(@"""[^""]*--[a-z]")]
    private static partial Regex OptionInText();

    [GeneratedRegex(@"^src/PerCo\.Engine/(\w+)/")]
    private static partial Regex ModulePath();

    [GeneratedRegex(@"^\s*using\s+(?:\w+\s*=\s*)?PerCo\.Engine\.(\w+)")]
    private static partial Regex Using();
}
