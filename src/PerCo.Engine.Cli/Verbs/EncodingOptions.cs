using System.CommandLine;
using System.CommandLine.Parsing;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>What can be chosen when a picture is encoded.</summary>
internal sealed class EncodingOptions
{
    private readonly Option<double?> _rate = new Option<double?>("--rate", "-r")
    {
        Description = "Bits per pixel of the codes; the model's nearest rate is taken. Default: the model's first.",
        HelpName = "BPP",
    }.Positive();

    private readonly Option<string?> _caption = new("--caption", "-c")
    {
        Description = "Your own words instead of the captioner's.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _captionFile = new Option<string?>("--caption-file")
    {
        Description = "Text file with the caption, or with lines of file name or path, tab and caption; pictures that "
            + "it does not name get the captioner's words.",
        HelpName = "FILE",
    }.NotEmpty();

    private readonly Option<bool> _noCaption = new("--no-caption", "--codes-only")
    {
        Description = "Store codes only.",
    };

    private readonly Option<bool> _noCodes = new("--no-codes", "--text-only")
    {
        Description = "Store the caption only: a few bytes, and another picture of the same thing.",
    };

    private readonly Option<ulong?> _seed = new Option<ulong?>("--seed")
    {
        Description = "Seed of the starting noise, stored in the file (8 bytes). Default: none stored, which means 0.",
        HelpName = "N",
    }.Number();

    private readonly Option<int?> _steps = new Option<int?>("--steps", "-e")
    {
        Description = "Denoising steps, 1 to 1000, stored in the file. Default: none stored, which means the model's.",
        HelpName = "N",
    }.Between(1, 1000);

    private readonly Option<double?> _guidance = new Option<double?>("--guidance", "-g")
    {
        Description = "Guidance scale, 0 to 100, stored in the file. Default: none stored, which means the model's.",
        HelpName = "X",
    }.Between(0, 100);

    public void AddTo(Command command, bool withSeedStepsGuidance = true)
    {
        command.Options.Add(_rate);
        command.Options.Add(_caption);
        command.Options.Add(_captionFile);
        command.Options.Add(_noCaption);
        command.Options.Add(_noCodes);
        if (withSeedStepsGuidance)
        {
            command.Options.Add(_seed);
            command.Options.Add(_steps);
            command.Options.Add(_guidance);
        }

        command.Validators.Add(result =>
        {
            int captions = (result.ValueIfRight(_caption) is not null ? 1 : 0)
                + (result.ValueIfRight(_captionFile) is not null ? 1 : 0) + (result.ValueIfRight(_noCaption) ? 1 : 0);
            if (captions > 1)
            {
                result.AddError("--caption, --caption-file and --no-caption exclude each other.");
            }

            bool noCaption = result.ValueIfRight(_noCaption) || result.ValueIfRight(_caption) is "";
            if (result.ValueIfRight(_noCodes) && noCaption)
            {
                result.AddError("--no-codes without a caption leaves nothing to store.");
            }

            if (result.ValueIfRight(_noCodes) && result.ValueIfRight(_rate) is not null)
            {
                result.AddError("--rate is the rate of the codes, of which --no-codes stores none.");
            }

            if (result.ValueIfRight(_caption) is { } caption && CaptionFile.TooLong(caption) is { } error)
            {
                result.AddError($"--caption: {error}");
            }
        });
    }

    /// <summary>The captions of <c>--caption-file</c>, or null.</summary>
    /// <exception cref="PerCoException">The file cannot be read, or a caption is too long.</exception>
    public CaptionFile? ReadCaptionFile(ParseResult parsed) =>
        parsed.GetValue(_captionFile) is { } path ? CaptionFile.Load(path) : null;

    /// <summary>The options for one picture: with the words that a caption file has for it.</summary>
    /// <exception cref="PerCoException">Nothing is left to store.</exception>
    public static EncodeOptions For(InputFile picture, EncodeOptions options, CaptionFile? captions)
    {
        options = captions?.For(picture) is { } caption ? options with { Caption = caption } : options;
        return options.Codes || options.Caption is not "" ? options : throw new PerCoException(
            $"{StandardStreams.InputName(picture.Path)}: has an empty caption, and without codes nothing is left to "
            + "store.");
    }

    /// <summary>Whether the command line says at which rate codes are stored, or that none are.</summary>
    public bool ChoosesRate(SymbolResult result) =>
        result.ValueIfRight(_rate) is not null || result.ValueIfRight(_noCodes);

    public EncodeOptions Read(ParseResult parsed) => new()
    {
        BitsPerPixel = parsed.GetValue(_rate),
        Caption = parsed.GetValue(_noCaption) ? "" : parsed.GetValue(_caption),
        Codes = !parsed.GetValue(_noCodes),
        Seed = parsed.GetValue(_seed),
        Steps = parsed.GetValue(_steps),
        Guidance = parsed.GetValue(_guidance),
    };
}
