using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Trials;

/// <summary>A version of the matrix product.</summary>
/// <param name="Name">The stem of its file in kernels/ladder, which begins with its number: 3_tiles.</param>
/// <param name="Variant">The program, and what a device must have for it.</param>
/// <param name="Tile">Rows and outputs of a group's tile; 0 for a kernel that the engine uses and launches.</param>
internal sealed record LadderRung(string Name, KernelVariant Variant, int Tile)
{
    private const string Folder = "ladder/";

    /// <summary>A rung with a kernel of its own, ladder_3 in ladder/3_tiles.cl.</summary>
    public static LadderRung OfLadder(string name, int tile, KernelNeed need = KernelNeed.Nothing) =>
        new(name, new KernelVariant("Linear", Folder + name, need, "everything"), tile);

    /// <summary>A rung that is a kernel of the engine's.</summary>
    public static LadderRung OfEngine(string name, KernelVariant variant) => new(name, variant, Tile: 0);

    /// <summary>Whether the engine uses it.</summary>
    public bool IsOfEngine => Tile == 0;

    /// <summary>What it does, in the words of its file.</summary>
    public string Title => KernelSource.Title($"{Folder}{Name}.cl");

    /// <summary>A product by this rung; other backends than GPUs compute it as they do.</summary>
    public OpTrial Trial(LinearShape shape)
    {
        (int rows, int inputs, int outputs) = shape;
        return OpTrialFactory.Linear(rows, inputs, outputs) with
        {
            Prepare = o =>
            {
                LinearWeights weights = o.Own(o.Backend.PrepareLinear(
                    new LinearSpec(inputs, outputs, Activation.None),
                    TrialOperands.Weight("w", MathF.Sqrt(3f / inputs), outputs, inputs), bias: null));
                Tensor x = o.Random("x", 1, 1, rows, inputs);
                return () => o.Backend is GpuBackend gpu ? Compute(gpu, x, (GpuLinearWeights)weights)
                    : o.Backend.Linear(x, weights);
            },
        };
    }

    private Tensor Compute(GpuBackend backend, Tensor x, GpuLinearWeights weights)
    {
        if (IsOfEngine)
        {
            using var only = new OnlyVariant(backend, Variant);
            return backend.Linear(x, weights);
        }

        int rows = checked((int)x.Shape.Rows), inputs = weights.Spec.Inputs, outputs = weights.Spec.Outputs;
        using Tensor result = backend.Allocate(new Shape(1, rows, outputs));
        backend.Hardware.Launch(
            backend.Kernel(Variant.Name, $"ladder_{Name[..Name.IndexOf('_')]}"),
            GpuGroups.OfRows((outputs + Tile - 1) / Tile, (rows + Tile - 1) / Tile),
            [x.Buffer(), weights.Matrix, result.Buffer(), rows, inputs, outputs]);
        return result.Move();
    }
}
