using System.Buffers.Binary;
using System.Text;
using PerCo.Engine.IO;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// A model on disk: a diffusers folder (<c>vae</c>, <c>unet</c>, <c>hyper_enc</c>, <c>text_encoder</c>,
/// <c>tokenizer</c>, <c>scheduler</c>, and a captioner) with a <c>perco.json</c> that names the model and lists its
/// rates. A converted PerCo (SD) folder has no <c>perco.json</c>: it gets the published defaults, and the id
/// <c>perco-sd-RATE</c> (<c>perco-sd-0.0313</c>), since every published checkpoint was fine-tuned for one rate.
/// Opening reads small JSON files only.
/// </summary>
public sealed class ModelFolder
{
    private const string NullTextKey = "null_text";

    private long? _weightBytes;

    private ModelFolder(string path, ConfigReader config, string id, IReadOnlyList<ModelRate> rates)
    {
        Path = path;
        Id = id;
        DisplayName = config.String("name", id);
        Identity = IdentityOf(id);
        Scheduler = config.Has("scheduler") ? config.String("scheduler", "") : null;
        Rates = rates;
        CaptionerFolder = Captioner(path, config);
        foreach (string part in (string[])["vae", "text_encoder", "tokenizer", "scheduler"])
        {
            RequirePart(path, part);
        }
    }

    /// <summary>The folder, from the root.</summary>
    public string Path { get; }

    /// <summary>What the model calls itself; fp32, fp16 and int8 copies share it.</summary>
    public string Id { get; }

    /// <summary>The model's name for people.</summary>
    public string DisplayName { get; }

    /// <summary>32 bits that stand for <see cref="Id"/> in files: see <see cref="IdentityOf"/>.</summary>
    public uint Identity { get; }

    /// <summary>Short name of the scheduler, or null for the class that <c>scheduler_config.json</c> names.</summary>
    public string? Scheduler { get; }

    /// <summary>The rates, in the order in which the model lists them; at least one.</summary>
    public IReadOnlyList<ModelRate> Rates { get; }

    /// <summary>Folder of the autoencoder.</summary>
    public string VaeFolder => System.IO.Path.Combine(Path, "vae");

    /// <summary>Folder of the text encoder.</summary>
    public string TextEncoderFolder => System.IO.Path.Combine(Path, "text_encoder");

    /// <summary>Folder of the text encoder's tokenizer.</summary>
    public string TokenizerFolder => System.IO.Path.Combine(Path, "tokenizer");

    /// <summary>The scheduler's configuration.</summary>
    public string SchedulerConfigFile => System.IO.Path.Combine(Path, "scheduler", "scheduler_config.json");

    /// <summary>Folder of the captioner with its tokenizer, or null where the model has none.</summary>
    public string? CaptionerFolder { get; }

    /// <summary>Bytes of all files of weights in it, those of unused parts too; 0 where it cannot be listed.</summary>
    internal long WeightBytes => _weightBytes ??= CountWeights(Path);

    /// <summary>Opens a model.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="PerCoException">The folder is no model, or a part is missing, or a field is wrong.</exception>
    public static ModelFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
        {
            throw new PerCoException($"{path}: no such folder, expected a model. Choose another.")
            {
                Remedies = [Remedy.Model],
            };
        }

        // Parts are read when they are needed, by when the program may have another current folder.
        path = System.IO.Path.GetFullPath(path);
        string file = System.IO.Path.Combine(path, "perco.json");
        return File.Exists(file) ? OpenDeclared(path, ConfigReader.Load(file)) : OpenPublished(path);
    }

    /// <summary>
    /// The first four bytes of the SHA-256 of the id's UTF-8 bytes, as a little-endian number: what a
    /// <c>.perco</c> file stores.
    /// </summary>
    public static uint IdentityOf(string id) =>
        BinaryPrimitives.ReadUInt32LittleEndian(Sha256.HashData(Encoding.UTF8.GetBytes(id)));

    /// <summary>The rate that is nearest on a logarithmic scale, the first of equals; the first one for null.</summary>
    /// <param name="bitsPerPixel">Bits per pixel of the codes, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate that is not positive.</exception>
    public ModelRate NearestRate(double? bitsPerPixel)
    {
        if (bitsPerPixel is not { } wanted)
        {
            return Rates[0];
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted, nameof(bitsPerPixel));
        return Rates.MinBy(rate => Math.Abs(Math.Log(rate.BitsPerPixel / wanted)))!;
    }

    /// <summary>
    /// The learned text features for "no text" of the paper, [tokens, channels]: tensor <c>null_text</c> of
    /// <c>null_text.safetensors</c> beside perco.json, or of the text encoder's weights. Null where there is none: the
    /// empty caption takes its place, as in PerCo (SD).
    /// </summary>
    /// <exception cref="PerCoException">A file is damaged, or the tensor has another rank.</exception>
    public HostTensor? LoadNullText()
    {
        string file = System.IO.Path.Combine(Path, NullTextKey + ".safetensors");
        if (File.Exists(file))
        {
            using SafetensorsFile weights = SafetensorsFile.Open(file);
            return ReadNullText(weights)
                ?? throw new PerCoException($"{file}: tensor '{NullTextKey}' is missing. Is this the right file?");
        }

        if (!WeightFolder.Exists(TextEncoderFolder))
        {
            return null;
        }

        using WeightFolder encoder = WeightFolder.Open(TextEncoderFolder);
        return ReadNullText(encoder);
    }

    private static HostTensor? ReadNullText(IWeightSource weights)
    {
        if (!weights.TryGet(NullTextKey, out HostTensor? tensor))
        {
            return null;
        }

        Shape s = tensor.Shape;
        bool batched = s.Rank == 3 && s[0] == 1;
        if (s.Count == 0 || (s.Rank != 2 && !batched))
        {
            throw new PerCoException($"{tensor.Name} is {s}, expected [tokens, channels] or [1, tokens, channels].");
        }

        // A copy, so that the file need not stay open.
        return HostTensor.FromFloats(tensor.Name, new Shape(s[^2], s[^1]), tensor.ToFloats());
    }

    private static ModelFolder OpenDeclared(string path, ConfigReader config)
    {
        string id = config.String("id", "");
        if (id.Length is 0 or > 200 || id.Any(char.IsControl))
        {
            throw config.Error("id", "is missing or not usable, expected the model's name of 1 to 200 characters");
        }

        ConfigReader[] list = config.Sections("rates");
        if (list.Length is 0 or > 256)
        {
            throw config.Error("rates", $"has {list.Length} entries, expected 1 to 256");
        }

        var rates = new ModelRate[list.Length];
        for (int i = 0; i < rates.Length; i++)
        {
            ConfigReader entry = list[i];
            double bpp = entry.Double("bpp", 0, 0, 64);
            if (bpp == 0)
            {
                throw entry.Error("bpp", "is missing or 0, expected bits per pixel");
            }

            rates[i] = new ModelRate
            {
                Index = i,
                BitsPerPixel = bpp,
                HyperEncoderFolder = Part(path, entry, "hyper_enc"),
                UNetFolder = Part(path, entry, "unet"),
                Steps = entry.Int("steps", config.Int("steps", PublishedRate.StepsAt(bpp), 1, 1000), 1, 1000),
                Guidance = entry.Double("guidance", config.Double("guidance", 3, 0, 100), 0, 100),
            };
        }

        return new ModelFolder(path, config, id, rates);
    }

    private static ModelFolder OpenPublished(string path)
    {
        ConfigReader none = ConfigReader.Parse(System.IO.Path.Combine(path, "perco.json"), "{}"u8.ToArray());
        string hyperEncoder = RequirePart(path, "hyper_enc");
        ConfigReader config = ConfigReader.Load(System.IO.Path.Combine(hyperEncoder, "config.json"));

        // The defaults are those of hyper_encoder.py.
        int grid = config.Int("cfg_ss", 64, 1, 512);
        int codebook = config.Int("cfg_cs", 256, 2, 1 << 20);
        PublishedRate? published = PublishedRate.All.FirstOrDefault(r => r.GridAt512 == grid && r.Codebook == codebook);
        double bpp = published?.BitsPerPixel
            ?? Math.Max(1, Math.Ceiling(Math.Log2(codebook))) * grid * grid / (512.0 * 512);
        string name = published?.Name ?? bpp.ToString("F4", System.Globalization.CultureInfo.InvariantCulture);
        var rate = new ModelRate
        {
            Index = 0,
            BitsPerPixel = bpp,
            HyperEncoderFolder = hyperEncoder,
            UNetFolder = RequirePart(path, "unet"),
            Steps = PublishedRate.StepsAt(bpp),
            Guidance = 3,
        };
        return new ModelFolder(path, none, $"perco-sd-{name}", [rate]);
    }

    private static string? Captioner(string path, ConfigReader config)
    {
        if (config.Has("captioner"))
        {
            return Part(path, config, "captioner");
        }

        string usual = System.IO.Path.Combine(path, "captioner");
        return Directory.Exists(usual) ? usual : null;
    }

    // Parts lie inside the model: a path that leaves it could make the program read any file.
    private static string Part(string path, ConfigReader config, string field)
    {
        string name = config.String(field, field);
        string root = System.IO.Path.GetFullPath(path).TrimEnd('/', '\\') + System.IO.Path.DirectorySeparatorChar;
        if (name.Length == 0 || name.AsSpan().IndexOfAny('\0', '\\') >= 0
            || !System.IO.Path.GetFullPath(name, root).StartsWith(root, StringComparison.Ordinal))
        {
            throw config.Error(field, $"is '{name}', expected a folder inside the model's");
        }

        return RequirePart(path, name);
    }

    private static string RequirePart(string path, string name)
    {
        string folder = System.IO.Path.Combine(path, name);
        return Directory.Exists(folder)
            ? folder
            : throw new PerCoException(
                $"{path}: the folder '{name}' is missing. Is this a PerCo model, and whole? "
                + "Other formats are converted by weights-converter/convert.py.");
    }

    // Files may be links, as in the cache that Hugging Face's tools keep.
    private static long CountWeights(string path)
    {
        try
        {
            return new DirectoryInfo(path)
                .EnumerateFiles("*.safetensors", new EnumerationOptions { RecurseSubdirectories = true })
                .Sum(file => (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
