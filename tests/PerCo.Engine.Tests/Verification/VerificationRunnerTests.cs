using System.Buffers.Binary;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tests.Weights;
using PerCo.Engine.Verification;
using Xunit;

namespace PerCo.Engine.Tests.Verification;

public sealed class VerificationRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // Whole pictures and networks of full width take minutes: percoengine verify runs them.
    public static TheoryData<string> SharedKinds =>
        [.. VerificationRunner.Kinds.Where(kind => kind is not ("full" or "mini"))];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheBuiltInSetPassesInEveryKind()
    {
        var told = new List<VerificationRow>();
        using Backend backend = new CpuBackend();
        IReadOnlyList<VerificationRow> rows = VerificationRunner.Run(TestPaths.Goldens(""), backend, null, told.Add);
        Assert.Equal(told, rows);
        AssertAllPass(rows);
        Assert.Equal(
            ["bitstreams", "blip2", "hyper_enc", "schedulers", "text_encoder", "torch_noise", "unet", "vae"],
            rows.Select(row => row.Case).Distinct().Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(SharedKinds))]
    public void SharedCasesPass(string kind)
    {
        Skip.If(TestPaths.Shared is null, "The shared reference cases are not beside the repository.");
        IReadOnlyList<VerificationRow> rows = Run(Path.Combine(TestPaths.Shared, "goldens"), kind);
        AssertAllPass(rows);
    }

    [Fact]
    public void UnknownKindsAndMissingFoldersAreSkippedByName()
    {
        _folder.Text("cases.json", """{"cases": {"dream": "?", "vae": "", "unet": "", "torch_noise": ""}}""");
        _folder.Safetensors("unet/io.safetensors", "{}");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "dream"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "torch_noise"));
        _folder.Safetensors("torch_noise/io.safetensors", "{}");
        IReadOnlyList<VerificationRow> rows = Run(_folder.Path);
        Assert.Equal(["vae", "unet", "torch_noise", "dream"], rows.Select(row => row.Case));
        Assert.All(rows, row => Assert.Equal(Verdict.Skipped, row.Verdict));
        Assert.Equal("its folder is missing", rows[0].Detail);
        Assert.Equal("'model' is missing", rows[1].Detail);
        Assert.Equal("its folder has nothing to compare", rows[2].Detail);
        Assert.Equal("'dream' is no known kind of case", rows[3].Detail);
    }

    [Fact]
    public void FullWidthRunsOnlyWhenAskedFor()
    {
        _folder.Text("cases.json", """{"cases": {"full": ""}}""");
        _folder.Text("full/dream/case.json", "{}");
        _folder.Text("full/vae/case.json", "{}");
        VerificationRow without = Assert.Single(Run(_folder.Path));
        Assert.Equal((Verdict.Skipped, "runs only with --full"), (without.Verdict, without.Detail));
        using Backend backend = new CpuBackend();
        IReadOnlyList<VerificationRow> rows = VerificationRunner.Run(
            _folder.Path, backend, new VerificationOptions { Full = true });
        Assert.Equal(["full/vae", "full/dream"], rows.Select(row => row.Case));
        Assert.Equal("'io.safetensors' is missing", rows[0].Detail);
        Assert.Equal("'dream' is no known kind of case", rows[1].Detail);
    }

    [Fact]
    public void WholePipelineCasesNeedTheirModel()
    {
        _folder.Text("cases.json", """{"cases": {"mini": ""}}""");
        _folder.Text("mini/case.json", """
            {"model": "perco-mini-2", "captioner_tokenizer": [{"text": "", "ids": [2], "decoded": ""}],
             "cases": [{"image": "absent.png"}]}
            """);
        using Backend backend = new CpuBackend();
        var options = new VerificationOptions { ModelFolder = TestPaths.DefaultModel };
        IReadOnlyList<VerificationRow> rows = VerificationRunner.Run(_folder.Path, backend, options);
        Assert.Equal(["captioner_tokenizer", "absent"], rows.Select(row => row.Quantity));
        Assert.Equal([Verdict.Pass, Verdict.Skipped], rows.Select(row => row.Verdict));

        Assert.Equal("needs the model 'perco-mini-2', and none is installed", Assert.Single(Run(_folder.Path)).Detail);
        _folder.Text("mini/case.json", """{"model": "another"}""");
        Assert.Equal(
            "needs the model 'another', the installed one is 'perco-mini-2'",
            Assert.Single(VerificationRunner.Run(_folder.Path, backend, options)).Detail);
    }

    [Fact]
    public void AnotherValueFailsAndIsTheOnlyOneThatFails()
    {
        Copy("torch_noise");
        string io = Path.Combine(_folder.Path, "torch_noise", "io.safetensors");
        byte[] bytes = File.ReadAllBytes(io);
        float last = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(^4));
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(^4), last + 1e-5f);
        File.WriteAllBytes(io, bytes);
        IReadOnlyList<VerificationRow> rows = Run(_folder.Path, "torch_noise");
        VerificationRow failed = Assert.Single(rows, row => row.Verdict == Verdict.Fail);
        Assert.InRange(failed.Error!.Value, 5e-6, 2e-5);
        Assert.Equal(4e-6, failed.Tolerance);

        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(^4), float.NaN);
        File.WriteAllBytes(io, bytes);
        failed = Assert.Single(Run(_folder.Path, "torch_noise"), row => row.Verdict == Verdict.Fail);
        Assert.True(double.IsNaN(failed.Error!.Value));
    }

    [Fact]
    public void OtherWeightsFail()
    {
        Copy("hyper_enc", """{"tag": "another", "cases": {"hyper_enc": ""}}""");
        IReadOnlyList<VerificationRow> rows = Run(_folder.Path);
        Assert.Equal(Verdict.Fail, rows.Single(row => row.Quantity == "0.0019.features1").Verdict);
        VerificationRow indices = rows.Single(row => row.Quantity == "0.0019.indices1");
        Assert.Equal((Verdict.Fail, Measure.Differences), (indices.Verdict, indices.Measure));
        Assert.InRange(indices.Error!.Value, 1, 96);
    }

    [Fact]
    public void ADamagedFileFailsItsCaseAlone()
    {
        Copy("torch_noise", """{"cases": {"torch_noise": "", "vae": ""}}""");
        _folder.Text("vae/io.safetensors", "not safetensors");
        _folder.Text("vae/model/config.json", "{}");
        IReadOnlyList<VerificationRow> rows = Run(_folder.Path);
        VerificationRow failed = Assert.Single(rows, row => row.Verdict == Verdict.Fail);
        Assert.Equal(("vae", "all"), (failed.Case, failed.Quantity));
        Assert.Contains("no weights", failed.Detail, StringComparison.Ordinal);
        Assert.Contains(rows, row => row.Case == "torch_noise" && row.Verdict == Verdict.Pass);
    }

    [Fact]
    public void MissingFilesAreSkippedWithTheirNames()
    {
        Copy("bitstreams");
        File.Delete(Path.Combine(_folder.Path, "bitstreams", "0.0024.pkl"));
        IReadOnlyList<VerificationRow> rows = Run(_folder.Path, "bitstreams");
        VerificationRow skipped = Assert.Single(rows, row => row.Verdict == Verdict.Skipped);
        Assert.Equal(("0.0024.pkl", "the file is missing"), (skipped.Quantity, skipped.Detail));
        Assert.Equal(18, rows.Count(row => row.Verdict == Verdict.Pass));
    }

    [Fact]
    public void AFolderWithoutCasesAndAnUnknownCaseAreErrors()
    {
        PerCoException missing = Assert.Throws<PerCoException>(() => Run(_folder.Path));
        Assert.Contains("cases.json", missing.Message, StringComparison.Ordinal);
        PerCoException unknown = Assert.Throws<PerCoException>(() => Run(TestPaths.Goldens(""), "dream"));
        Assert.Contains("expected one of vae, unet", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ItCanBeCancelled()
    {
        using var source = new CancellationTokenSource();
        using Backend backend = new CpuBackend();
        var options = new VerificationOptions { Cases = ["torch_noise"] };
        var rows = new List<VerificationRow>();
        Assert.Throws<OperationCanceledException>(() => VerificationRunner.Run(
            TestPaths.Goldens(""), backend, options,
            row =>
            {
                rows.Add(row);
                source.Cancel();
            },
            source.Token));
        Assert.Single(rows);
    }

    [Fact]
    public void NumbersAreWrittenForPeople()
    {
        var row = new VerificationRow
        {
            Case = "c", Quantity = "q", Verdict = Verdict.Pass, Error = 3.14e-6, Tolerance = 1e-4,
        };
        Assert.Equal(("3.1e-06", "1.0e-04"), (row.ErrorText, row.ToleranceText));
        row = row with { Measure = Measure.Psnr, Error = 61.26, Tolerance = 60 };
        Assert.Equal(("61.3 dB", "60.0 dB"), (row.ErrorText, row.ToleranceText));
        row = row with { Measure = Measure.Differences, Error = 2, Tolerance = null };
        Assert.Equal(("2", ""), (row.ErrorText, row.ToleranceText));
    }

    private static List<VerificationRow> Run(string folder, params string[] cases)
    {
        using Backend backend = new CpuBackend();
        return [.. VerificationRunner.Run(folder, backend, new VerificationOptions { Cases = cases })];
    }

    private static void AssertAllPass(IReadOnlyList<VerificationRow> rows)
    {
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.True(
            row.Verdict == Verdict.Pass,
            $"{row.Case} {row.Quantity}: {row.ErrorText}, bound {row.ToleranceText} {row.Detail}"));
    }

    private void Copy(string kind, string? cases = null)
    {
        string source = TestPaths.Goldens(kind);
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            _folder.Bytes(Path.Combine(kind, Path.GetRelativePath(source, file)), File.ReadAllBytes(file));
        }

        _folder.Text("cases.json", cases ?? $"{{\"tag\": \"dev\", \"cases\": {{\"{kind}\": \"\"}}}}");
    }
}
