using System.Text.Json.Nodes;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Info;

/// <summary>What a safetensors file holds.</summary>
internal static class WeightsInfo
{
    /// <summary>Reads the header.</summary>
    /// <param name="path">The file.</param>
    /// <param name="list">Whether every tensor is named.</param>
    public static InfoReport Of(string path, bool list)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        NetworkSummary summary = NetworkSummary.Of(file);
        InfoReport report = new InfoReport(path, "safetensors").Line("file", path).Line("weights", summary.ToString());
        foreach ((string name, JsonNode? value) in summary.ToJson())
        {
            report.Set(name, value?.DeepClone());
        }

        var metadata = new JsonObject();
        foreach ((string key, string value) in file.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            report.Line("metadata", $"{key}: {value}");
            metadata[key] = value;
        }

        report.Set("metadata", metadata);
        if (list)
        {
            var tensors = new JsonObject();
            foreach (string key in file.Keys.Order(StringComparer.Ordinal))
            {
                if (file.TryGet(key, out HostTensor? tensor))
                {
                    string type = tensor.Type.ToString().ToLowerInvariant();
                    report.Line("tensor", $"{key} {tensor.Shape} {type}");
                    tensors[key] = $"{tensor.Shape} {type}";
                }
            }

            report.Set("list", tensors);
        }

        return report;
    }
}
