using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Evaluation;

/// <summary>The results of an evaluation: a table, comma-separated values, or JSON for CompressAI's tools.</summary>
/// <param name="Name">The model's id.</param>
/// <param name="Description">Device, steps and the like.</param>
/// <param name="Pictures">What was evaluated, rate by rate in the order of the files.</param>
/// <param name="Failed">Files that could not be.</param>
internal sealed record EvaluationReport(
    string Name, string Description, IReadOnlyList<EvaluatedPicture> Pictures, int Failed)
{
    private const int NameColumns = 28;

    private IEnumerable<IGrouping<double, EvaluatedPicture>> Rates => Pictures.GroupBy(picture => picture.Rate);

    /// <summary>Lines for people: the pictures, and the means of each rate.</summary>
    public IEnumerable<string> Table()
    {
        yield return Row("picture", "rate", "bytes", "bpp", "PSNR", "MS-SSIM", "encode s", "decode s");
        foreach (IGrouping<double, EvaluatedPicture> rate in Rates)
        {
            foreach (EvaluatedPicture picture in rate)
            {
                string name = picture.File;
                yield return Row(
                    name.Length <= NameColumns ? name : "…" + name[^(NameColumns - 1)..], [picture]);
            }

            if (rate.Count() > 1)
            {
                yield return Row($"mean of {rate.Count()}", [.. rate]);
                int compared = rate.Count(picture => picture.MsSsim is not null);
                if (compared > 0 && compared < rate.Count())
                {
                    yield return $"MS-SSIM is the mean of {compared}: the other pictures are too small for it.";
                }
            }
        }
    }

    /// <summary>The same with a line of names and without means.</summary>
    public string Csv()
    {
        var text = new StringBuilder(
            "file,rate,width,height,bytes,bpp,psnr_rgb,ms_ssim_rgb,encode_seconds,decode_seconds,caption\n");
        foreach (EvaluatedPicture picture in Pictures)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{CsvText.Quoted(picture.File)},{picture.Rate:0.######},{picture.Width},{picture.Height},"
                + $"{picture.Bytes},{picture.BitsPerPixel:0.######},{picture.Psnr:0.####},{picture.MsSsim:0.######},"
                + $"{picture.EncodeSeconds:0.####},{picture.DecodeSeconds:0.####},{CsvText.Quoted(picture.Caption)}\n");
        }

        return text.ToString();
    }

    /// <summary>
    /// Name, description and results, an entry a rate, as <c>compressai.utils.plot</c> takes them; the files besides.
    /// </summary>
    public JsonObject ToJson()
    {
        EvaluatedPicture[][] rates = [.. Rates.Select(rate => rate.ToArray())];
        return new JsonObject
        {
            ["name"] = Name,
            ["description"] = Description,
            ["results"] = new JsonObject
            {
                ["bpp"] = Means(picture => picture.BitsPerPixel),
                ["psnr-rgb"] = Means(picture => picture.Psnr),
                ["ms-ssim-rgb"] = Means(picture => picture.MsSsim),
                ["encoding_time"] = Means(picture => picture.EncodeSeconds),
                ["decoding_time"] = Means(picture => picture.DecodeSeconds),
            },
            ["files"] = new JsonArray([.. Pictures.Select(picture => picture.ToJson())]),
            ["failed"] = Failed,
        };

        JsonArray Means(Func<EvaluatedPicture, double?> value) => new([.. rates.Select(rate =>
            rate.Average(value) is { } mean && double.IsFinite(mean) ? JsonValue.Create(Math.Round(mean, 6)) : null)]);
    }

    private static string Row(string name, EvaluatedPicture[] pictures)
    {
        return Row(
            name, Mean(picture => picture.Rate, "0.0000"), Mean(picture => picture.Bytes, "0"),
            Mean(picture => picture.BitsPerPixel, "0.0000"), Mean(picture => picture.Psnr, "0.00"),
            Mean(picture => picture.MsSsim, "0.0000"), Mean(picture => picture.EncodeSeconds, "0.00"),
            Mean(picture => picture.DecodeSeconds, "0.00"));

        // Of those that have the value.
        string Mean(Func<EvaluatedPicture, double?> value, string format) =>
            pictures.Average(value)?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
    }

    private static string Row(
        string name, string rate, string bytes, string bpp, string psnr, string msSsim, string encode, string decode) =>
        $"{name,-NameColumns} {rate,7} {bytes,8} {bpp,7} {psnr,6} {msSsim,8} {encode,9} {decode,9}";
}
