using PerCo.Engine.Verification.Cases.Full;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// The networks at published width, each in a folder below. Weights and inputs are synthetic, and outputs sub-sampled,
/// so that nothing large is downloaded. Takes 12 GiB and minutes: runs only when asked for.
/// </summary>
internal sealed class FullCase : CaseKind
{
    private static readonly CaseKind[] Parts =
    [
        new FullVae(),
        new FullTextEncoder(),
        new FullHyperEncoder(),
        new FullBlip2(),
        new FullUNet(),
    ];

    /// <inheritdoc/>
    public override string Name => "full";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        if (!context.Options.Full)
        {
            context.Skip("all", "runs only with --full");
            return;
        }

        string[] folders = [.. Directory.GetDirectories(context.Folder).Select(f => Path.GetFileName(f)!)];
        foreach (CaseKind part in Parts.Where(p => folders.Contains(p.Name)))
        {
            using CaseContext below = context.Below(part.Name);
            if (VerificationRunner.Missing(part, below) is { } missing)
            {
                below.Skip("all", $"'{missing}' is missing");
                continue;
            }

            below.Part("all", () => part.Run(below));

            // The next network needs the memory.
            context.Backend.TrimMemory();
            GC.Collect();
        }

        foreach (string folder in folders.Except(Parts.Select(p => p.Name)).Order(StringComparer.Ordinal))
        {
            using CaseContext below = context.Below(folder);
            below.Skip("all", $"'{folder}' is no known kind of case");
        }
    }
}
