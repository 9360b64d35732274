using System.Diagnostics;
using System.Runtime.InteropServices;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using PerCo.Engine.Tests.Hostile;
using Xunit;
using Xunit.Abstractions;

namespace PerCo.Engine.Tests.Api;

/// <summary>The command line compiled ahead of time does what the ordinary build does, and starts at once.</summary>
public sealed class AotTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan MaxInfoTime = TimeSpan.FromSeconds(0.2);

    private readonly TemporaryFolder _folder = new();

    [SkippableFact]
    public void The_native_program_gives_the_same_files()
    {
        Skip.IfNot(HostileRun.LongTests, "Takes minutes; set PERCO_LONG_TESTS=1 to run it.");
        Skip.IfNot(OperatingSystem.IsLinux(), "Needs the linker of a C compiler, which only Linux is asked for.");
        string published = _folder.File("publish"), program = Path.Combine(published, "percoengine");
        string log = ToolProcess.Run(
            "dotnet", "publish", "src/PerCo.Engine.Cli", "-c", "Release", "-r",
            $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}",
            "-p:PublishAot=true", "--artifacts-path", _folder.File("artifacts"), "-o", published, "--nologo",
            "-nodeReuse:false");
        Assert.DoesNotContain("warning", log, StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(Path.Combine(published, "PerCo.Engine.dll")));

        // The same pictures, encoded and decoded by both programs: equal bytes.
        string picture = _folder.File("meadow.png");
        ImageFormats.Save(TestPictures.Meadow(70, 53), picture);
        string ordinary = Path.Combine(AppContext.BaseDirectory, "percoengine.dll");
        RoundTrip("native", picture, arguments => ToolProcess.Run(program, arguments));
        RoundTrip("jit", picture, arguments => ToolProcess.Run("dotnet", [ordinary, .. arguments]));
        Assert.Equal(File.ReadAllBytes(_folder.File("jit.perco")), File.ReadAllBytes(_folder.File("native.perco")));
        Assert.Equal(File.ReadAllBytes(_folder.File("jit.png")), File.ReadAllBytes(_folder.File("native.png")));
        Assert.Equal(70, PerCoFile.Load(_folder.File("native.perco")).Width);
        Assert.Equal(70, ImageFormats.Load(_folder.File("native.png")).Width);

        // Without a model: the best of several, since other processes share the machine.
        Directory.Delete(Path.Combine(published, "models"), recursive: true);
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            string info = ToolProcess.Run(program, "info", _folder.File("native.perco"));
            Assert.Contains("70x53", info, StringComparison.Ordinal);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }

        output.WriteLine($"size {new FileInfo(program).Length} bytes, info in {best.TotalMilliseconds:0} ms");
        Assert.True(best < MaxInfoTime, $"info took {best}.");
    }

    public void Dispose() => _folder.Dispose();

    private void RoundTrip(string name, string picture, Action<string[]> run)
    {
        run(["encode", picture, _folder.File(name + ".perco")]);
        run(["decode", _folder.File(name + ".perco"), _folder.File(name + ".png"), "--steps", "3"]);
    }
}
