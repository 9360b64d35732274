using System.Globalization;
using PerCo.Engine.Backends.Cpu;

namespace PerCo.Engine.Codec;

/// <summary>
/// How a picture is worked on within a limit of memory, and what that takes: known before anything is computed. Made
/// by <see cref="MemoryPlanner"/>.
/// </summary>
/// <param name="Work">What is planned, for people: "Decoding 768x512 pixels".</param>
/// <param name="Pictures">How many pictures are worked on at once.</param>
/// <param name="Limit">What the whole process may take.</param>
/// <param name="Stages">The stages in their order.</param>
/// <param name="Picture">Bytes of the picture itself, as bytes and as floats, and of its file.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once; 0 where none are.</param>
/// <param name="Weights">How weights are stored.</param>
/// <param name="KeepsNetworks">Whether networks stay loaded when their stage is over.</param>
/// <param name="KeptConvs">Convolutions whose transformed weights are kept.</param>
/// <param name="TransientConvs">Convolutions that transform their weights at every use.</param>
internal sealed record MemoryPlan(
    string Work, int Pictures, MemoryLimit Limit, IReadOnlyList<StageMemory> Stages, long Picture, int LatentWindow,
    WeightPlan Weights, bool KeepsNetworks, int KeptConvs, int TransientConvs)
{
    /// <summary>The runtime, the program, and what both leave to the garbage collector while they load.</summary>
    public const long Overhead = 128L << 20;

    private const long Mebi = 1 << 20;

    /// <summary>Bytes that the whole process needs.</summary>
    public long Least => Overhead + Picture + Stages.Max(stage => stage.Bytes);

    /// <summary>Bytes that the whole process takes at most: what the arena keeps for the next use counts too.</summary>
    public long Total => Overhead + Picture + Stages.Max(stage => stage.Weights + ArenaLimit(stage));

    /// <summary>Most bytes of activations at once.</summary>
    public long Activations => Stages.Max(stage => stage.Activations);

    /// <summary>Whether pictures are drawn, not encoded.</summary>
    public bool Decodes => Stages.Any(stage => stage.Stage == CodecStage.Denoise);

    /// <summary>Bytes of the networks that stay loaded when all stages are over.</summary>
    public long HeldWeights => KeepsNetworks ? Stages[^1].Weights : 0;

    /// <summary>Whether it is how pictures are worked on without a limit.</summary>
    public bool IsUsual { get; init; }

    /// <summary>Whether the whole process stays within the limit.</summary>
    public bool Fits => Least <= Limit.Bytes;

    /// <summary>
    /// Above this the arena gives back what waits for its next use: twice a stage's activations, or what is left beside
    /// its weights; no less than the activations.
    /// </summary>
    public long ArenaLimit(CodecStage stage) => ArenaLimit(Stages.FirstOrDefault(planned => planned.Stage == stage));

    private long ArenaLimit(StageMemory stage) => Math.Max(
        stage.Activations, Math.Min(2 * stage.Activations, Limit.Bytes - Overhead - Picture - stage.Weights));

    /// <summary>The plan as a table, for people.</summary>
    public override string ToString()
    {
        IEnumerable<string> lines =
        [
            $"{Work} within {Mib(Limit.Bytes)} is planned to take at most {Mib(Total)}:",
            $"  {"stage",-8} {"weights",12} {"activations",12}",
            .. Stages.Select(stage => $"  {stage.Stage.ToString().ToLowerInvariant(),-8} {Mib(stage.Weights),12} "
                + $"{Mib(stage.Activations),12}"),
            $"  picture {Mib(Picture)}, program {Mib(Overhead)}",
            $"  weights {Weights.Precision.ToString().ToLowerInvariant()}; {TransientConvs} of the "
                + $"{KeptConvs + TransientConvs} Winograd convolutions transform their weights at every use",
            $"  networks {(KeepsNetworks ? "stay loaded" : "are freed after their stage")}"
                + (LatentWindow > 0 ? $"; windows of {LatentWindow}x{LatentWindow} in the latent" : ""),
        ];
        return string.Join('\n', lines);
    }

    /// <summary>What a user should know of a limit that nobody has set.</summary>
    public string Notice => $"{Work} is planned to fit into {Mib(Limit.Bytes)}, what this system has: "
        + string.Join(", ", GivenUp());

    /// <summary>The error that nothing less than this is possible.</summary>
    public PerCoException Refusal()
    {
        string limit = Limit.IsSystems
            ? $"the {Mib(Limit.Bytes)} that this system has for it" : $"the limit of {Mib(Limit.Bytes)}";
        string less = !Decodes ? "Make the picture smaller, or" : Pictures > 1 ? "Take fewer pictures at once, or" : "";
        string more = Limit.IsSystems
            ? "set a limit: weights may be rounded then, and above what there is it is tried all the same."
            : "allow more memory.";
        string next = $"{less} {more}".TrimStart();
        return new PerCoException(
            $"{Work} takes at least {Mib(Least)}, more than {limit}. {char.ToUpperInvariant(next[0])}{next[1..]}")
        {
            Remedies = Decodes && Pictures > 1 ? [Remedy.FewerPictures, Remedy.MemoryLimit] : [Remedy.MemoryLimit],
        };
    }

    private IEnumerable<string> GivenUp()
    {
        if (!KeepsNetworks)
        {
            yield return "networks are freed after their stage";
        }

        if (TransientConvs > 0)
        {
            yield return $"{TransientConvs} of the {KeptConvs + TransientConvs} Winograd convolutions transform their "
                + "weights at every use";
        }
    }

    // Rounded up, so that what is asked for suffices.
    private static string Mib(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes + Mebi - 1) / Mebi} MiB");
}
