using System.Globalization;
using PerCo.Engine.Backends;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Peers.Engine;

/// <summary>The whole decoder with a model's folder: codes and caption to a picture.</summary>
internal sealed class DecodeWork : EngineWork
{
    private readonly PerCoModel _model;
    private readonly PerCoFile _file;
    private readonly DecodeOptions _options;

    public DecodeWork(WorkLine line, Backend backend)
    {
        _model = PerCoModel.Open(line.Text("model"), backend);
        _file = PerCoFile.Load(line.Text("file"));
        _options = new DecodeOptions
        {
            Seed = 0,
            Steps = line.Int("steps"),
            Guidance = double.Parse(line.Text("guidance"), CultureInfo.InvariantCulture),
        };
    }

    /// <summary>
    /// Makes a picture's .perco file, and beside it what a peer that does not read the format needs: size, grid,
    /// caption and codes, a line each.
    /// </summary>
    public static void Encode(Backend backend, string modelFolder, string picture, string path)
    {
        using PerCoModel model = PerCoModel.Open(modelFolder, backend);
        PerCoFile file = new PerCoEncoder(model).Encode(ImageFormats.Load(picture)).File;
        file.Save(path, overwrite: true);
        File.WriteAllLines(path + ".txt",
        [
            $"{file.Width} {file.Height}",
            $"{file.Grid.Columns(file.Width)} {file.Grid.Rows(file.Height)}",
            file.Caption,
            string.Join(' ', file.Indices),
        ]);
    }

    public override void Run() => new PerCoDecoder(_model).Decode(_file, _options);

    /// <summary>Samples of the picture from 0 to 1, rows from the top.</summary>
    public override float[] Result() =>
        [.. new PerCoDecoder(_model).Decode(_file, _options).Image.Pixels.ToArray().Select(sample => sample / 255f)];

    protected override Tensor Compute() => throw new NotSupportedException("A picture is no tensor.");

    protected override void Dispose(bool disposing) => _model.Dispose();
}
