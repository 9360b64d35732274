using System.CommandLine;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>What can be chosen when a picture is encoded.</summary>
internal sealed class EncodingOptions
{
    private readonly Option<double?> _rate = new("--rate", "-r")
    {
        Description = "Bits per pixel of the codes; the model's nearest rate is taken. Default: the model's first.",
        HelpName = "BPP",
    };

    private readonly Option<string?> _caption = new("--caption", "-c")
    {
        Description = "Your own words instead of the captioner's.",
        HelpName = "TEXT",
    };

    private readonly Option<bool> _noCaption = new("--no-caption", "--codes-only")
    {
        Description = "Store codes only.",
    };

    private readonly Option<bool> _noCodes = new("--no-codes", "--text-only")
    {
        Description = "Store the caption only: a few bytes, and another picture of the same thing.",
    };

    private readonly Option<ulong?> _seed = new("--seed")
    {
        Description = "Seed of the starting noise, stored in the file (8 bytes). Default: none stored, which means 0.",
        HelpName = "N",
    };

    private readonly Option<int?> _steps = new("--steps")
    {
        Description = "Denoising steps, stored in the file. Default: none stored, which means the model's.",
        HelpName = "N",
    };

    private readonly Option<double?> _guidance = new("--guidance")
    {
        Description = "Guidance scale, stored in the file. Default: none stored, which means the model's.",
        HelpName = "X",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_rate);
        command.Options.Add(_caption);
        command.Options.Add(_noCaption);
        command.Options.Add(_noCodes);
        command.Options.Add(_seed);
        command.Options.Add(_steps);
        command.Options.Add(_guidance);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_caption) is not null && result.GetValue(_noCaption))
            {
                result.AddError("--caption and --no-caption exclude each other.");
            }

            if (result.GetValue(_noCodes) && result.GetValue(_noCaption))
            {
                result.AddError("--no-codes and --no-caption together leave nothing to store.");
            }
        });
    }

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
