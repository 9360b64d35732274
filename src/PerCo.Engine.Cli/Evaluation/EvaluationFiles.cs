using System.Globalization;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Evaluation;

/// <summary>Where an evaluation keeps its files, if anywhere.</summary>
internal sealed class EvaluationFiles
{
    private readonly Dictionary<(InputFile Input, ModelRate? Rate), Job[]> _jobs = [];
    private readonly bool _force;

    private EvaluationFiles(bool force) => _force = force;

    /// <summary>Plans the files, and refuses what could not be written before any work is done.</summary>
    /// <param name="inputs">The pictures.</param>
    /// <param name="rates">The rates; null for no codes.</param>
    /// <param name="folder">Where the files go; null for nowhere.</param>
    /// <param name="force">Whether existing files are replaced.</param>
    /// <exception cref="PerCoException">A file exists, is the original itself, or is wanted twice.</exception>
    public static EvaluationFiles Plan(
        InputFiles inputs, IReadOnlyList<ModelRate?> rates, string? folder, bool force)
    {
        var files = new EvaluationFiles(force);
        if (folder is null)
        {
            return files;
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (InputFile input in inputs.Files)
        {
            foreach (ModelRate? rate in rates)
            {
                string stem = Path.Combine(folder, Path.ChangeExtension(input.Relative, null))
                    + (rates.Count > 1 ? rate!.BitsPerPixel.ToString("-0.####", CultureInfo.InvariantCulture) : "");
                files._jobs[(input, rate)] =
                [
                    files.Checked(input, stem + PerCoFile.Extension, taken),
                    files.Checked(input, stem + "-decoded.png", taken),
                ];
            }
        }

        return files;
    }

    /// <summary>Keeps the files of a picture.</summary>
    /// <exception cref="PerCoException">A file cannot be written.</exception>
    public void Write(InputFile input, ModelRate? rate, byte[] file, DecodeResult decoded, PerCoModel model)
    {
        if (_jobs.TryGetValue((input, rate), out Job[]? jobs))
        {
            OutputFile.Write(jobs[0], file, _force);
            ImageFormat png = ImageFormats.ForPath(jobs[1].Output);
            OutputFile.Write(jobs[1], ImageFormats.Encode(decoded.Image, png, decoded.Notes(model)), _force);
        }
    }

    private Job Checked(InputFile input, string output, HashSet<string> taken)
    {
        var job = new Job(input, output, MakesFolders: true, Sample: 0);
        OutputFile.CheckFree(job, _force);
        if (!taken.Add(Path.GetFullPath(output)))
        {
            throw new PerCoException($"{output}: two pictures would be kept under this name. Evaluate them apart.");
        }

        return job;
    }
}
