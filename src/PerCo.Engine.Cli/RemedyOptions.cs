namespace PerCo.Engine.Cli;

/// <summary>What the settings that help against an error are called on the command line.</summary>
internal static class RemedyOptions
{
    /// <summary>A sentence that names the options, after a space; empty where none helps.</summary>
    public static string Advice(IReadOnlyList<Remedy> remedies)
    {
        string[] options = [.. remedies.Select(Option)];
        return options switch
        {
            [] => "",
            [string only] => $" Use {only}.",
            [.. string[] others, string last] => $" Use {string.Join(", ", others)} or {last}.",
        };
    }

    /// <summary>The option of a setting, with the value that helps where there is one.</summary>
    public static string Option(Remedy remedy) => remedy switch
    {
        Remedy.Cpu => "--device cpu",
        Remedy.OpenCl => "--device opencl",
        Remedy.Fp16 => "--precision fp16",
        Remedy.FewerPictures => "--batch",
        Remedy.MemoryLimit => "--memory",
        Remedy.PixelLimit => "--max-pixels",
        Remedy.Model => "--model",
        Remedy.AnyModel => "--any-model",
        Remedy.Caption => "--caption",
        Remedy.NoCaption => "--no-caption",
        Remedy.Steps => "--steps",
        Remedy.Guidance => "--guidance",
        Remedy.Scheduler => "--scheduler",
        _ => throw new ArgumentOutOfRangeException(nameof(remedy), remedy, "Unknown remedy."),
    };
}
