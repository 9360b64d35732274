using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class GemmKernelGeneratorTests
{
    /// <summary>Set to 1 to write the files instead of comparing them.</summary>
    private const string WriteVariable = "PERCO_WRITE_GENERATED";

    [Fact]
    public void CommittedKernelsAreWhatTheGeneratorWrites()
    {
        string folder = Path.Combine(TestPaths.Root, "src", "PerCo.Engine", "Backends", "Cpu", "Gemm");
        foreach ((string name, string text) in GemmKernelGenerator.Files())
        {
            string path = Path.Combine(folder, name);
            if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
            {
                File.WriteAllText(path, text);
            }

            Assert.True(
                File.ReadAllText(path).ReplaceLineEndings("\n") == text,
                $"{name} differs from the generator's output; run this test with {WriteVariable}=1.");
        }
    }
}
