using System.Globalization;
using System.Text.Json.Nodes;
using PerCo.Engine.Codec;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Info;

/// <summary>What a model folder holds; reads configurations and headers only.</summary>
internal static class ModelInfo
{
    /// <summary>Whether a folder looks like a model, whole or not.</summary>
    public static bool IsModel(string folder) =>
        File.Exists(Path.Combine(folder, "perco.json"))
        || (Directory.Exists(Path.Combine(folder, "unet")) && Directory.Exists(Path.Combine(folder, "vae")));

    public static InfoReport Of(string path)
    {
        ModelFolder model = ModelFolder.Open(path);
        InfoReport report = new InfoReport(path, "model")
            .Line("model", $"{path}: {model.DisplayName}")
            .Line("id", $"{model.Id}, identity {model.Identity:x8} in files")
            .Line("scheduler", model.Scheduler ?? "(as its configuration says)")
            .Set("id", model.Id)
            .Set("name", model.DisplayName)
            .Set("identity", $"{model.Identity:x8}")
            .Set("scheduler", model.Scheduler);
        int stride = VaeConfig.Read(Config(model.VaeFolder)).Downscale;
        var rates = new JsonArray();
        foreach (ModelRate rate in model.Rates)
        {
            HyperEncoderConfig config = HyperEncoderConfig.Read(Config(rate.HyperEncoderFolder));
            var grid = new CodeGrid(stride * config.Downscale, config.CodebookSize, config.Codebooks);
            report.Line("rate", string.Create(
                CultureInfo.InvariantCulture,
                $"{rate.BitsPerPixel:0.0000} bpp: {grid}; {ReconstructionNotes.Steps(rate.Steps)}, "
                + $"guidance {rate.Guidance:0.##}"));
            rates.Add((JsonNode)new JsonObject
            {
                ["bitsPerPixel"] = rate.BitsPerPixel,
                ["stride"] = grid.Stride,
                ["entries"] = grid.Entries,
                ["books"] = grid.Books,
                ["steps"] = rate.Steps,
                ["guidance"] = rate.Guidance,
            });
        }

        var networks = new JsonObject();
        long parameters = 0;
        foreach (string folder in Folders(model))
        {
            string name = Path.GetRelativePath(path, folder).Replace('\\', '/');
            if (!WeightFolder.Exists(folder))
            {
                report.Line("network", $"{name}: no weights");
                continue;
            }

            using WeightFolder weights = WeightFolder.Open(folder);
            NetworkSummary summary = NetworkSummary.Of(weights);
            parameters += summary.Parameters;
            report.Line("network", $"{name}: {summary}");
            networks[name] = summary.ToJson();
        }

        return report
            .Line("captioner", model.CaptionerFolder is null ? "none: captions are given" : "yes")
            .Line("parameters", string.Create(CultureInfo.InvariantCulture, $"{parameters / 1e6:0.0} M in all"))
            .Set("rates", rates)
            .Set("networks", networks)
            .Set("captioner", model.CaptionerFolder is not null)
            .Set("parameters", parameters);
    }

    private static IEnumerable<string> Folders(ModelFolder model)
    {
        IEnumerable<string> folders = [model.VaeFolder, model.TextEncoderFolder];
        folders = model.CaptionerFolder is { } captioner ? folders.Append(captioner) : folders;
        return folders.Concat(model.Rates.SelectMany(r => new[] { r.HyperEncoderFolder, r.UNetFolder })).Distinct();
    }

    private static ConfigReader Config(string folder) => ConfigReader.Load(Path.Combine(folder, "config.json"));
}
