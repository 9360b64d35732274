using System.Globalization;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Cli.Verbs;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Evaluation;

/// <summary>Encodes and decodes pictures at some rates; one that fails is reported, and the others go on.</summary>
internal sealed class EvaluationRun(
    ModelSession session, EncodeOptions encode, DecodeOptions decode, CaptionFile? captions, ImageLimits limits,
    Messages messages)
{
    // Large enough for every network, small enough to take no time.
    private const int WarmUpExtent = 64;

    private readonly PerCoEncoder _encoder = new(session.Model);
    private readonly PerCoDecoder _decoder = new(session.Model);
    private readonly List<EvaluatedPicture> _pictures = [];
    private int _failed;
    private string _drawn = "";

    public EvaluationReport Run(
        InputFiles inputs, IReadOnlyList<ModelRate?> rates, EvaluationFiles files, CancellationToken cancellation)
    {
        foreach ((string input, string error) in inputs.Failures)
        {
            Fail(error);
        }

        int work = inputs.Files.Count * rates.Count;
        if (work > 0)
        {
            new ProgressDisplay(messages).Run(work, progress =>
            {
                All(inputs.Files, rates, files, progress, cancellation);
                return true;
            });
        }

        return new EvaluationReport(
            session.Model.Folder.Id,
            $"PerCo.Engine {CommandLineApp.Version}, {session.Model.Backend.Name}: "
                + $"{session.Model.Backend.Description}{_drawn}",
            _pictures, _failed);
    }

    private void All(
        IReadOnlyList<InputFile> pictures, IReadOnlyList<ModelRate?> rates, EvaluationFiles files,
        IRunProgress? progress, CancellationToken cancellation)
    {
        try
        {
            foreach (ModelRate? rate in rates)
            {
                WarmUp(rate, cancellation);
                foreach (InputFile picture in pictures)
                {
                    progress?.Begin(picture.Relative);
                    try
                    {
                        One(picture, rate, files, progress, cancellation);
                    }
                    catch (PerCoException e)
                    {
                        Fail(ErrorText.About(picture.Path, ErrorText.Of(e)));
                    }

                    progress?.End(worked: true);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What was measured is printed all the same.
        }
    }

    // Loading networks, and compiling what runs them, is no part of a picture's time. With captions at hand the
    // captioner is not needed, and may not be there.
    private void WarmUp(ModelRate? rate, CancellationToken cancellation)
    {
        EncodeOptions options = captions is null ? encode : encode with { Caption = "a" };
        EncodeResult encoded = _encoder.Encode(
            new Image(WarmUpExtent, WarmUpExtent), At(rate, options), null, cancellation);
        _decoder.Decode(encoded.File, decode, null, cancellation);
    }

    private void One(
        InputFile picture, ModelRate? rate, EvaluationFiles files, IRunProgress? progress,
        CancellationToken cancellation)
    {
        Image original = PictureFile.Load(picture.Path, limits);
        EncodeOptions own = EncodingOptions.For(picture, encode, captions);
        EncodeOptions atRate = At(rate, own);
        EncodeResult encoded = _encoder.Encode(original, atRate, progress, cancellation);

        // What is decoded is what the bytes say.
        byte[] bytes = encoded.File.ToBytes();
        PerCoFile file = PerCoFile.Parse(bytes);
        DecodeResult decoded = _decoder.Decode(file, decode, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        files.Write(picture, rate, bytes, decoded, session.Model);
        _drawn = string.Create(
            CultureInfo.InvariantCulture,
            $", {ReconstructionNotes.Steps(decoded.Steps)}, guidance {decoded.Guidance:0.##}");
        var result = new EvaluatedPicture
        {
            File = picture.Path,
            Rate = rate?.BitsPerPixel ?? 0,
            Width = original.Width,
            Height = original.Height,
            Bytes = bytes.Length,
            Psnr = ImageMetrics.Psnr(original, decoded.Image),
            MsSsim = ImageMetrics.MsSsim(original, decoded.Image),
            EncodeSeconds = encoded.Stages.Sum(stage => stage.Seconds),
            DecodeSeconds = decoded.Stages.Sum(stage => stage.Seconds),
            Caption = encoded.File.Caption,
        };
        _pictures.Add(result);
        messages.Detail(string.Create(
            CultureInfo.InvariantCulture, $"{result.File}: {result.Bytes} bytes, {result.Psnr:0.00} dB"));
    }

    private static EncodeOptions At(ModelRate? rate, EncodeOptions options) =>
        rate is null ? options : options with { BitsPerPixel = rate.BitsPerPixel };

    private void Fail(string error)
    {
        _failed++;
        messages.Error(error);
    }
}
