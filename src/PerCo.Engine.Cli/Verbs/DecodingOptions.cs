using System.CommandLine;
using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>What can be chosen when a picture is drawn; each overrides the file, which overrides the model.</summary>
internal sealed class DecodingOptions
{
    private readonly Option<string?> _scheduler = new Option<string?>("--scheduler")
    {
        Description = $"Sampler: {string.Join(", ", SchedulerCatalog.Names)}. Default: the model's.",
        HelpName = "NAME",
    }.Among([.. SchedulerCatalog.Names]);

    private readonly Option<double?> _codesGuidance = new Option<double?>("--codes-guidance")
    {
        Description = "Guidance scale on the codes as well, 0 to 100. Default: 1, none.",
        HelpName = "X",
    }.Between(0, 100);

    private readonly Option<ulong?> _seed = new Option<ulong?>("--seed")
    {
        Description = "Seed of the starting noise: another seed draws another picture. Default: the file's, or 0.",
        HelpName = "N",
    }.Number();

    private readonly Option<int?> _steps = new Option<int?>("--steps", "-e")
    {
        Description = "Denoising steps, 1 to 1000: fewer are faster and closer to the original, more are more "
            + "detailed. Default: the file's, or the model's.",
        HelpName = "N",
    }.Between(1, 1000);

    private readonly Option<double?> _guidance = new Option<double?>("--guidance", "-g")
    {
        Description = "Guidance scale on the caption, 0 to 100; 1 for none. Default: the file's, or the model's.",
        HelpName = "X",
    }.Between(0, 100);

    private readonly Option<bool> _anyModel = new("--any-model")
    {
        Description = "Decode although the file was made with another model.",
    };

    public void AddTo(Command command, bool withSeedStepsGuidance = true)
    {
        if (withSeedStepsGuidance)
        {
            command.Options.Add(_seed);
            command.Options.Add(_steps);
            command.Options.Add(_guidance);
            command.Options.Add(_anyModel);
        }

        command.Options.Add(_scheduler);
        command.Options.Add(_codesGuidance);
    }

    public DecodeOptions Read(ParseResult parsed) => new()
    {
        Seed = parsed.GetValue(_seed),
        Steps = parsed.GetValue(_steps),
        Guidance = parsed.GetValue(_guidance),
        CodesGuidance = parsed.GetValue(_codesGuidance) ?? 1,
        Scheduler = parsed.GetValue(_scheduler)?.ToLowerInvariant(),
        AnyModel = parsed.GetValue(_anyModel),
    };
}
