using System.Globalization;
using System.Text.Json.Nodes;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Cli.Info;

/// <summary>Counts over the tensors of a network; headers only, no weight is read.</summary>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="Parameters">Number of values.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Types">Element types, the commonest first.</param>
internal sealed record NetworkSummary(int Tensors, long Parameters, long Bytes, IReadOnlyList<string> Types)
{
    public static NetworkSummary Of(IWeightSource weights)
    {
        int tensors = 0;
        long parameters = 0, bytes = 0;
        var types = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string key in weights.Keys)
        {
            if (!weights.TryGet(key, out HostTensor? tensor))
            {
                continue;
            }

            tensors++;
            parameters += tensor.Shape.Count;
            bytes += tensor.Bytes.Length;
            string type = tensor.Type.ToString().ToLowerInvariant();
            types[type] = types.GetValueOrDefault(type) + tensor.Shape.Count;
        }

        return new NetworkSummary(
            tensors, parameters, bytes, [.. types.OrderByDescending(t => t.Value).Select(t => t.Key)]);
    }

    public JsonObject ToJson() => new()
    {
        ["tensors"] = Tensors,
        ["parameters"] = Parameters,
        ["bytes"] = Bytes,
        ["types"] = new JsonArray([.. Types.Select(t => JsonValue.Create(t))]),
    };

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Count(Parameters)} parameters in {Tensors} tensors, {string.Join(" and ", Types)}, "
        + $"{Bytes / 1048576.0:0.0} MiB");

    private static string Count(long value) => value switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.00} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.0} M"),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
