using PerCo.Engine.Backends.Gpu;

namespace PerCo.Engine.Backends.Trials;

/// <summary>
/// kernels/ladder: the matrix product in numbered versions, from the simplest one to those that the engine uses.
/// </summary>
internal static class KernelLadder
{
    /// <summary>All rungs, the slowest first.</summary>
    public static IReadOnlyList<LadderRung> Rungs { get; } =
    [
        LadderRung.OfLadder("1_outputs", tile: 16),
        LadderRung.OfLadder("2_neighbours", tile: 16),
        LadderRung.OfLadder("3_tiles", tile: 16),
        LadderRung.OfLadder("4_registers", tile: 64),
        LadderRung.OfLadder("5_vectors", tile: 64),
        LadderRung.OfEngine("6_linear", KernelVariants.LinearPlain),
        LadderRung.OfLadder("7_mma", tile: 128, KernelNeed.TensorCores),
        LadderRung.OfEngine("8_linear_mma", KernelVariants.LinearMma),
        LadderRung.OfEngine("9_linear_wgmma", KernelVariants.LinearWgmma),
    ];

    /// <summary>Products with tails in every direction, at which results are compared.</summary>
    public static IReadOnlyList<LinearShape> OddShapes { get; } =
        [new(33, 50, 70), new(130, 72, 136), new(65, 400, 131)];

    /// <summary>Queries, keys and values at three levels of Stable Diffusion 2.1's U-Net: equal work.</summary>
    public static IReadOnlyList<LinearShape> UNetShapes { get; } =
        [new(8192, 320, 960), new(2048, 640, 1920), new(512, 1280, 3840)];

    /// <summary>A product of PerCo-Mini.</summary>
    public static IReadOnlyList<LinearShape> QuickShapes { get; } = [new(3072, 96, 96)];
}

/// <summary>A matrix product: rows × inputs → outputs.</summary>
internal readonly record struct LinearShape(int Rows, int Inputs, int Outputs);
