using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Api;

/// <summary>One loaded model: threads, progress, cancellation, disposal.</summary>
public class SharedModelTests
{
    private static readonly DecodeOptions Quick = new() { Steps = 2 };

    [Fact]
    public void Three_threads_share_one_model()
    {
        Image[] pictures =
            [TestPictures.Meadow(48, 40), TestPictures.Meadow(33, 64), TestPictures.Meadow(80, 17)];
        (byte[] File, byte[] Pixels)[] expected;
        using (PerCoModel alone = PerCoModel.Open(TestPaths.DefaultModel))
        {
            expected = [.. pictures.Select(picture => RoundTrip(alone, picture))];
        }

        // Nothing is loaded yet, so that the threads also race to load the networks.
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel);
        var results = new (byte[] File, byte[] Pixels)[pictures.Length];
        Exception? failure = null;
        Thread[] threads = [.. pictures.Select((picture, i) => new Thread(() =>
        {
            try
            {
                results[i] = RoundTrip(model, picture);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.Null(failure);
        for (int i = 0; i < pictures.Length; i++)
        {
            Assert.Equal(expected[i].File, results[i].File);
            Assert.Equal(expected[i].Pixels, results[i].Pixels);
        }
    }

    [Fact]
    public async Task Async_runs_on_a_thread_of_its_own_and_gives_the_same()
    {
        Image picture = TestPictures.Meadow(40, 40);
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel);
        var stages = new Recorder();
        var options = new EncodeOptions { Caption = "a meadow" };
        EncodeResult encoded = await new PerCoEncoder(model).EncodeAsync(picture, options, stages);
        DecodeResult decoded = await new PerCoDecoder(model).DecodeAsync(encoded.File, Quick, stages);

        Assert.Equal(new PerCoEncoder(model).Encode(picture, options).File.ToBytes(), encoded.File.ToBytes());
        Assert.Equal(new PerCoDecoder(model).Decode(encoded.File, Quick).Image.Pixels, decoded.Image.Pixels);
        Assert.False(stages.OnPool);
        Assert.Equal(
            [
                CodecStage.Latent, CodecStage.Codes, CodecStage.Codes, CodecStage.Text, CodecStage.Denoise,
                CodecStage.Picture,
            ],
            stages.Begun);
    }

    [Fact]
    public async Task Cancelling_ends_within_a_step_and_leaves_the_model_usable()
    {
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel);
        PerCoFile file = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(40, 40), new EncodeOptions { Caption = "a meadow" }).File;
        using var source = new CancellationTokenSource();
        var recorder = new Recorder { At = CodecStage.Denoise, Then = source.Cancel };
        var decoder = new PerCoDecoder(model);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => decoder.DecodeAsync(file, new DecodeOptions { Steps = 500 }, recorder, source.Token));
        Assert.DoesNotContain(CodecStage.Picture, recorder.Begun);
        Assert.Equal(0, model.Backend.MemoryInUse);
        Assert.Throws<OperationCanceledException>(() => decoder.Decode(file, cancellation: source.Token));
        Assert.Equal(40, decoder.Decode(file, Quick).Image.Width);
    }

    [Fact]
    public async Task Errors_of_a_task_are_the_methods_own()
    {
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel);
        await Assert.ThrowsAsync<PerCoException>(
            () => new PerCoEncoder(model).EncodeAsync(TestPictures.Meadow(15, 40)));
    }

    [Fact]
    public void Disposal_frees_what_was_opened_and_no_more()
    {
        Image picture = TestPictures.Meadow(32, 32);
        var options = new EncodeOptions { Caption = "" };
        using var backend = new CpuBackend(new CpuOptions { Threads = 1 });
        PerCoModel first = PerCoModel.Open(TestPaths.DefaultModel, backend);
        byte[] bytes = new PerCoEncoder(first).Encode(picture, options).File.ToBytes();
        first.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new PerCoEncoder(first).Encode(picture, options));
        Assert.Equal(0, backend.MemoryInUse);

        using PerCoModel second = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Assert.Equal(bytes, new PerCoEncoder(second).Encode(picture, options).File.ToBytes());
    }

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(1001, 1.0)]
    [InlineData(5, double.NaN)]
    public void Options_without_a_meaning_are_refused_before_anything_is_computed(int steps, double guidance)
    {
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel);
        var encode = new EncodeOptions { Steps = steps, Guidance = guidance };
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new PerCoEncoder(model).Encode(TestPictures.Meadow(32, 32), encode));
        PerCoFile file = PerCoFileTests.Sample(32, 32, CodeGrid.None) with { ModelIdentity = model.Folder.Identity };
        var decode = new DecodeOptions { Steps = steps, Guidance = guidance };
        Assert.Throws<ArgumentOutOfRangeException>(() => new PerCoDecoder(model).Decode(file, decode));
        Assert.Throws<PerCoException>(() => new PerCoEncoder(model).Encode(
            TestPictures.Meadow(32, 32), new EncodeOptions { Caption = new string('x', 4097) }));
    }

    [Fact]
    public void The_library_cannot_print() =>
        Assert.DoesNotContain(
            "System.Console", typeof(PerCoFile).Assembly.GetReferencedAssemblies().Select(a => a.Name));

    private static (byte[] File, byte[] Pixels) RoundTrip(PerCoModel model, Image picture)
    {
        byte[] file = new PerCoEncoder(model).Encode(picture).File.ToBytes();
        return (file, new PerCoDecoder(model).Decode(PerCoFile.Parse(file), Quick).Image.Pixels);
    }

    private sealed class Recorder : IProgress<CodecProgress>
    {
        public List<CodecStage> Begun { get; } = [];

        public bool OnPool { get; private set; }

        public CodecStage? At { get; init; }

        public Action? Then { get; init; }

        public void Report(CodecProgress value)
        {
            OnPool |= Thread.CurrentThread.IsThreadPoolThread;
            if (value.Fraction == 0)
            {
                Begun.Add(value.Stage);
            }
            else if (value.Stage == At)
            {
                Then?.Invoke();
            }
        }
    }
}
