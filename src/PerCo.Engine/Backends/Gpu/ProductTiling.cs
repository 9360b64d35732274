namespace PerCo.Engine.Backends.Gpu;

/// <summary>A way to cut a product into tiles, and its time by estimate.</summary>
internal readonly record struct ProductEstimate(ProductTiling Tiling, double Nanoseconds);

/// <summary>How a matrix product on tensor cores is cut into tiles, one a group, for kernels/product_*.h.</summary>
/// <param name="Program">The program of <c>kernels/</c>.</param>
/// <param name="Kernel">The kernel, which says how large the tiles are.</param>
/// <param name="Groups">Tiles, times splits.</param>
/// <param name="Splits">Among how many groups the inputs of a tile are split.</param>
internal readonly record struct ProductTiling(string Program, string Kernel, GpuGroups Groups, int Splits)
{
    // Inputs of a step of the estimates, and of a split at the least.
    private const int StepInputs = 64;
    private const int LeastSplitInputs = 768;

    // The launch that joins splits, and what it and they move of sums: in nanoseconds, and bytes a nanosecond.
    private const double JoinStart = 3000;
    private const double JoinBandwidth = 5000;

    // A multiprocessor's share of the second cache where all read, in bytes a nanosecond: an H100's, of the values that
    // are reported the least.
    private const double SecondCacheBandwidth = 42;

    // In nanoseconds on an H100, by arithmetic from its on-chip traffic (kernels/LOG.md), not measured yet. They decide
    // which kernel is used, and in which order sums are added.
    private static readonly Tile[] WarpGroupTiles =
    [
        new("", 128, 2, Start: 2000, StepAlone: 470, Step: 470, CanSplit: true),
        new("_wide", 128, 3, Start: 2000, StepAlone: 645, Step: 645, CanSplit: true),
        new("_widest", 128, 4, Start: 2000, StepAlone: 800, Step: 800, CanSplit: true),
    ];

    private static readonly Tile[] TensorCoreTiles =
    [
        new("", 128, 2, Start: 750, StepAlone: 600, Step: 450, CanSplit: true),
        new("_small", 64, 1, Start: 750, StepAlone: 200, Step: 160, CanSplit: false),
    ];

    /// <summary>Bytes of the sums of the largest tile.</summary>
    public static int LargestTileBytes { get; } = WarpGroupTiles.Concat(TensorCoreTiles)
        .Max(tile => tile.Rows * tile.Panels * MatrixPanels.Width * sizeof(float));

    /// <summary>Chooses a way to cut a product into tiles; null where no program is used.</summary>
    /// <param name="warpGroups">The program for warp groups; null where it is not used.</param>
    /// <param name="tensorCores">The program for other tensor cores; null where it is not used.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="panels">Panels of the matrix.</param>
    /// <param name="inputs">Inputs of a result.</param>
    /// <param name="canSplit">Whether inputs may be split.</param>
    /// <param name="units">Compute units of the device.</param>
    /// <param name="choice">Who chooses among all ways; null for <see cref="Fastest"/>.</param>
    public static ProductTiling? Choose(
        string? warpGroups, string? tensorCores, int rows, int panels, long inputs, bool canSplit, int units,
        Func<IReadOnlyList<ProductEstimate>, ProductTiling>? choice = null)
    {
        ProductEstimate[] all = [.. All(warpGroups, tensorCores, rows, panels, inputs, canSplit, units)];
        return all.Length == 0 ? null : (choice ?? Fastest)(all);
    }

    /// <summary>The first of those that take the least time by estimate; there is at least one.</summary>
    public static ProductTiling Fastest(IReadOnlyList<ProductEstimate> all) =>
        all.MinBy(estimate => estimate.Nanoseconds).Tiling;

    /// <summary>All ways to cut a product into tiles, with the time that each takes by estimate.</summary>
    /// <inheritdoc cref="Choose"/>
    public static IEnumerable<ProductEstimate> All(
        string? warpGroups, string? tensorCores, int rows, int panels, long inputs, bool canSplit, int units)
    {
        IEnumerable<(string Program, Tile Tile)> tiles =
        [
            .. warpGroups is null ? [] : WarpGroupTiles.Select(tile => (warpGroups, tile)),
            .. tensorCores is null ? [] : TensorCoreTiles.Select(tile => (tensorCores, tile)),
        ];
        foreach ((string program, Tile tile) in tiles)
        {
            GpuGroups groups = tile.Groups(rows, panels);
            long count = (long)groups.X * groups.Y * groups.Z;
            long most = canSplit && tile.CanSplit ? Math.Min(units / count, inputs / LeastSplitInputs) : 1;
            for (int splits = 1; splits <= Math.Max(1, most); splits++)
            {
                double join = splits == 1 ? 0
                    : JoinStart + 2.0 * sizeof(float) * splits * rows * panels * MatrixPanels.Width / JoinBandwidth;
                yield return new ProductEstimate(
                    new ProductTiling(program, program + tile.Suffix, groups with { X = groups.X * splits }, splits),
                    tile.Time(count, splits, (double)inputs / StepInputs, units) + join);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Splits == 1 ? Kernel : $"{Kernel}/{Splits}";

    /// <summary>A size of tiles.</summary>
    /// <param name="Suffix">What the kernel's name has behind the program's.</param>
    /// <param name="Rows">Rows of a tile.</param>
    /// <param name="Panels">Panels of a tile.</param>
    /// <param name="Start">Until a group multiplies, and from then until its results are written.</param>
    /// <param name="StepAlone">A step of a group that has its multiprocessor alone.</param>
    /// <param name="Step">A step's share of a multiprocessor with all the groups that it can hold.</param>
    /// <param name="CanSplit">Whether it is worth splitting.</param>
    private sealed record Tile(
        string Suffix, int Rows, int Panels, double Start, double StepAlone, double Step, bool CanSplit)
    {
        public GpuGroups Groups(int rows, int panels) =>
            GpuGroups.OfRows((panels + Panels - 1) / Panels, (rows + Rows - 1) / Rows);

        public double Time(long tiles, int splits, double steps, int units)
        {
            double waves = Math.Ceiling((double)tiles * splits / units);
            double computed = waves * Start + steps / splits * Math.Max(StepAlone, waves * Step);
            double bytes = tiles * steps * StepInputs * sizeof(ushort) * (Rows + Panels * MatrixPanels.Width);
            return Math.Max(computed, Start + bytes / (SecondCacheBandwidth * units));
        }
    }
}
