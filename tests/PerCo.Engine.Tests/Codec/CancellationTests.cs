using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Cancelling ends a stage that is running, and leaves the model as good as new.</summary>
public class CancellationTests
{
    [Theory]
    [InlineData(CodecStage.Caption)]
    [InlineData(CodecStage.Latent)]
    [InlineData(CodecStage.Codes)]
    [InlineData(CodecStage.Text)]
    [InlineData(CodecStage.Denoise)]
    [InlineData(CodecStage.Picture)]
    public void Any_stage_ends_within_and_can_be_run_again(CodecStage stage)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(96, 64);
        (PerCoFile file, byte[] pixels) = Run(model, image, null, default);

        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Run(model, image, new Trigger(stage, source), source.Token));
        Assert.Equal(0, backend.MemoryInUse);

        (PerCoFile again, byte[] same) = Run(model, image, null, default);
        Assert.Equal(file.ToBytes(), again.ToBytes());
        Assert.Equal(pixels, same);
    }

    [Fact]
    public void Loading_that_was_cancelled_is_done_again()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(96, 64);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(
            () => Run(model, image, new Trigger(CodecStage.Latent, source), source.Token));
        (_, byte[] pixels) = Run(model, image, null, default);

        using var fresh = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel other = PerCoModel.Open(TestPaths.DefaultModel, fresh);
        Assert.Equal(Run(other, image, null, default).Pixels, pixels);
    }

    [Fact]
    public void Whenever_it_comes_nothing_stays_behind()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        Image image = TestPictures.Meadow(96, 64);
        int cancelled = 0;
        foreach (int milliseconds in (int[])[1, 4, 8, 13, 20, 30, 45, 65, 90, 120, 160, 210, 270, 340])
        {
            using (PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend))
            {
                // A thread of its own: the pool's timers wait where many tests run.
                using var source = new CancellationTokenSource();
                var timer = new Thread(() =>
                {
                    Thread.Sleep(milliseconds);
                    source.Cancel();
                });
                timer.Start();
                try
                {
                    Run(model, image, null, source.Token);
                }
                catch (OperationCanceledException)
                {
                    cancelled++;
                }

                timer.Join();
                Assert.Equal(0, backend.MemoryInUse);
            }

            // Of weights whose loading was cancelled too.
            Assert.Equal(0, backend.TransformedWeights);
        }

        Assert.True(cancelled > 0, "No run was cancelled: this machine is too fast for the times above.");
    }

    [Fact]
    public void The_reference_ends_between_ops()
    {
        using var backend = new ReferenceBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new PerCoEncoder(model).Encode(
            TestPictures.Meadow(32, 32), new EncodeOptions { Caption = "" }, new Trigger(CodecStage.Latent, source),
            source.Token));
        Assert.Equal(0, backend.MemoryInUse);
    }

    private static (PerCoFile File, byte[] Pixels) Run(
        PerCoModel model, Image image, IProgress<CodecProgress>? progress, CancellationToken cancellation)
    {
        PerCoFile file = new PerCoEncoder(model).Encode(image, null, progress, cancellation).File;
        DecodeResult decoded = new PerCoDecoder(model).Decode(
            file, new DecodeOptions { Steps = 2 }, progress, cancellation);
        return (file, decoded.Image.Pixels.ToArray());
    }

    // Cancels as a stage begins: the work, not the look between stages, must notice.
    private sealed class Trigger(CodecStage stage, CancellationTokenSource source) : IProgress<CodecProgress>
    {
        public void Report(CodecProgress value)
        {
            if (value.Stage == stage && value.Fraction == 0)
            {
                source.Cancel();
            }
            else if (value.Stage == stage && value.Fraction == 1)
            {
                throw new InvalidOperationException("The stage ran to its end.");
            }
        }
    }
}
