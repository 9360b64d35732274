using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Cli.Batch;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>Draws the pictures of files; on a GPU several at once.</summary>
/// <param name="session">The model.</param>
/// <param name="options">Choices for all files.</param>
/// <param name="limits">What is refused.</param>
/// <param name="format">png, ppm or null for "by the output's name".</param>
/// <param name="together">Pictures that are drawn at once; null for what the device suggests.</param>
/// <param name="force">Whether existing files are replaced.</param>
internal sealed class DecodeWork(
    ModelSession session, DecodeOptions options, PerCoFileLimits limits, string? format, int? together, bool force)
    : IBatchWork<DecodeWork.Item>
{
    /// <summary>More fill no device better, and are lost together when a run is cancelled.</summary>
    public const int MostTogetherOnGpu = 4;

    private readonly Dictionary<DrawingSettings, int> _together = [];

    /// <inheritdoc/>
    public Item Load(Job job)
    {
        // The name is looked at before minutes of work are put into the picture.
        ImageFormat picture = PictureFormat(job);
        PerCoFile file = ContainerFile.Load(job.Input.Path, limits).ForModel(session.Model);
        return new Item(
            job, new DecodeRequest(file, Seed(file, job)), picture,
            DrawingSettings.ForFile(session.Model, file, options));
    }

    /// <inheritdoc/>
    public int MostTogether(Item first)
    {
        if (!_together.TryGetValue(first.Settings, out int most))
        {
            _together[first.Settings] = most = together
                ?? (session.Model.Backend is GpuBackend ? LargestBatch(first.Settings) : 1);
        }

        return most;
    }

    /// <inheritdoc/>
    public void TooMany(Item first) => _together[first.Settings] = 1;

    /// <inheritdoc/>
    public bool Joins(Item first, Item next) => first.Settings == next.Settings;

    /// <inheritdoc/>
    public IReadOnlyList<Func<FileReport>> Do(
        IReadOnlyList<Item> items, IProgress<CodecProgress>? progress, CancellationToken cancellation)
    {
        DecodeRequest[] requests = [.. items.Select(item => item.Request)];
        IReadOnlyList<DecodeResult> results = new PerCoDecoder(session.Model).DecodeBatch(
            requests, options, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return [.. items.Select((item, i) => (Func<FileReport>)(() => Write(item, results[i], items.Count)))];
    }

    /// <inheritdoc/>
    public string? Lack(Job job)
    {
        ContainerFile file = ContainerFile.Load(job.Input.Path, limits);
        try
        {
            byte[] bytes = StandardStreams.ReadAll(job.Output, ImageLimits.Default.MaxFileBytes);
            Image image = ImageFormats.Decode(bytes, ImageLimits.Default with { MaxPixels = limits.MaxPixels });
            if ((file.Width, file.Height) != (image.Width, image.Height))
            {
                return $"is a picture of {image.Width}x{image.Height}, expected {file.Width}x{file.Height}";
            }

            return Foreign(job, bytes)
                ?? (Missing(job, file, bytes) is { } missing ? $"was not drawn with {missing}" : null);
        }
        catch (PerCoException)
        {
            return "is no whole picture";
        }
    }

    /// <inheritdoc/>
    public string? Foreign(Job job)
    {
        try
        {
            return Foreign(job, StandardStreams.ReadAll(job.Output, ImageLimits.Default.MaxFileBytes));
        }
        catch (PerCoException)
        {
            return "cannot be read: it may be the original";
        }
    }

    private static string? Foreign(Job job, byte[] bytes) =>
        bytes.Length == 0 || IsDrawn(job, bytes) ? null : "was not decoded here: it may be the original";

    private static bool IsDrawn(Job job, byte[] bytes)
    {
        try
        {
            // Where a file cannot say that it was decoded, an original is older than what was encoded from it.
            return ImageFormats.Of(bytes).KeepsTexts
                ? ReconstructionNotes.AreIn(ImageFormats.Texts(bytes))
                : File.GetLastWriteTimeUtc(job.Output) >= File.GetLastWriteTimeUtc(job.Input.Path);
        }
        catch (PerCoException)
        {
            return false;
        }
    }

    private string? Missing(Job job, ContainerFile file, byte[] bytes) => ImageFormats.Of(bytes).KeepsTexts
        ? ReconstructionNotes.Missing(
            ImageFormats.Texts(bytes), Seed(file.Own, job), options.Steps ?? file.Own?.Steps,
            options.Guidance ?? file.Own?.Guidance, options)
        : null;

    // Each sample has a seed of its own; beyond the largest, seeds begin again at 0.
    private ulong Seed(PerCoFile? file, Job job) =>
        unchecked((options.Seed ?? file?.Seed ?? 0) + (ulong)job.Sample);

    private int LargestBatch(DrawingSettings settings)
    {
        try
        {
            return GpuMemoryPlanner.LargestBatch(session.Model, settings, options.LatentWindow, MostTogetherOnGpu);
        }
        catch (PerCoException)
        {
            // A network cannot be loaded: whoever decodes the file says so.
            return 1;
        }
    }

    private ImageFormat PictureFormat(Job job)
    {
        string extension = format is not null ? "." + format
            : Path.GetExtension(job.Output) is { Length: > 0 } ending ? ending : ".png";
        return ImageFormats.All.FirstOrDefault(
                known => known.CanEncode && known.Extensions.Contains(extension.ToLowerInvariant()))
            ?? throw new PerCoException(
                $"{job.Output}: '{extension}' pictures are not written here. Name a .png or .ppm file, or the format "
                + "with --format.");
    }

    // Whole or not at all.
    private FileReport Write(Item item, DecodeResult result, int drawn)
    {
        byte[] bytes = ImageFormats.Encode(result.Image, item.Picture, result.Notes(session.Model));
        OutputFile.Write(item.Job, bytes, force);
        return new FileReport
        {
            Status = FileStatus.Done,
            Input = item.Job.Input.Path,
            Bytes = bytes.Length,
            Width = result.Image.Width,
            Height = result.Image.Height,
            Caption = item.Request.File.Caption,
            Seed = result.Seed,
            Steps = result.Steps,
            Guidance = result.Guidance,
            Stages = result.Stages,
            Text = $"{result.Image.Width}x{result.Image.Height}, seed {result.Seed}, "
                + $"{ReconstructionNotes.Steps(result.Steps)}, guidance {result.Guidance:0.##}"
                + (drawn > 1 ? $", {drawn} at once" : ""),
        };
    }

    /// <summary>A file that was read.</summary>
    /// <param name="Job">Where it comes from and where its picture goes.</param>
    /// <param name="Request">What to draw.</param>
    /// <param name="Picture">The picture's format.</param>
    /// <param name="Settings">What it has in common with others of its batch.</param>
    internal sealed record Item(Job Job, DecodeRequest Request, ImageFormat Picture, DrawingSettings Settings);
}
