using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification;

/// <summary>What a case runs on, and where its results go.</summary>
internal sealed class CaseContext(
    string root, string name, string tag, Backend backend, VerificationOptions options, Action<VerificationRow> report,
    CancellationToken cancellation) : IDisposable
{
    private ConfigReader? _description;
    private CaseArrays? _arrays;

    /// <summary>The kind of case, as rows say it: <c>vae</c>, <c>full/vae</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The folder of all cases.</summary>
    public string Root { get; } = root;

    /// <summary>The folder of this case.</summary>
    public string Folder { get; } = Path.Combine(root, name);

    /// <summary>What the names of synthetic values begin with.</summary>
    public string Tag { get; } = tag;

    /// <summary>Where networks run.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>What was asked for.</summary>
    public VerificationOptions Options { get; } = options;

    /// <summary>How close is close enough on this backend.</summary>
    public Tolerances Tolerances { get; } = Tolerances.For(backend.Plan);

    /// <summary>Looked at between comparisons.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Rows reported so far.</summary>
    public int Rows { get; private set; }

    /// <summary>case.json; all defaults where there is none.</summary>
    public ConfigReader Description => _description ??= File.Exists(FileOf("case.json"))
        ? ConfigReader.Load(FileOf("case.json"))
        : ConfigReader.Parse(FileOf("case.json"), "{}"u8.ToArray());

    /// <summary>io.safetensors.</summary>
    public CaseArrays Arrays => _arrays ??= new CaseArrays(SafetensorsFile.Open(FileOf("io.safetensors")));

    /// <summary>A case below this one.</summary>
    public CaseContext Below(string part) => new(
        Root, $"{Name}/{part}", Tag, Backend, Options, row =>
        {
            Rows++;
            report(row);
        },
        Cancellation);

    /// <summary>A file of this case.</summary>
    public string FileOf(string relative) => Path.Combine(Folder, relative);

    /// <summary>Opens the network of this case.</summary>
    public CaseModel OpenModel(string relative = "model") => CaseModel.Open(FileOf(relative), Tag);

    /// <summary>Runs a part of the case; an error in it fails that part alone.</summary>
    public void Part(string quantity, Action run)
    {
        Cancellation.ThrowIfCancellationRequested();
        try
        {
            run();
        }
        catch (Exception e) when (e is PerCoException or ArgumentException)
        {
            // ArgumentException: arrays of a case that do not fit its own network.
            Add(new VerificationRow
            {
                Case = Name, Quantity = quantity, Verdict = Verdict.Fail, Detail = e.Message.ReplaceLineEndings(" "),
            });
        }
    }

    /// <summary>Reports that something was not compared.</summary>
    public void Skip(string quantity, string reason) => Add(new VerificationRow
    {
        Case = Name, Quantity = quantity, Verdict = Verdict.Skipped, Detail = reason,
    });

    /// <summary>Whether an input array exists; otherwise <paramref name="quantity"/> is reported as skipped.</summary>
    public bool Requires(string quantity, string array)
    {
        if (Arrays.Has(array))
        {
            return true;
        }

        Skip(quantity, $"io.safetensors has no '{array}'");
        return false;
    }

    /// <summary>Reports a number.</summary>
    public void Add(string quantity, Measure measure, double error, double tolerance, string? detail = null) =>
        Add(new VerificationRow
        {
            Case = Name,
            Quantity = quantity,
            Measure = measure,
            Error = error,
            Tolerance = tolerance,
            // Written so that NaN fails.
            Verdict = (measure == Measure.Psnr ? error >= tolerance : error <= tolerance) ? Verdict.Pass : Verdict.Fail,
            Detail = detail,
        });

    /// <summary>Compares a tensor with the array of a name, where there is one, by the normalised error.</summary>
    public void Compare(string array, Tensor ours)
    {
        if (Arrays.Has(array))
        {
            CompareShapes(array, PlanarLayout.ToPlanar(ours.Shape));
            Compare(array, PlanarLayout.ToPlanar(ours.Shape, ours.ToFloats()), Tolerances.Network);
        }
    }

    /// <summary>Compares values in the original layout with the array of a name, where there is one.</summary>
    public void Compare(string array, ReadOnlySpan<float> ours, double tolerance)
    {
        if (Arrays.Has(array))
        {
            Add(array, Measure.NormalisedError, Comparison.NormalisedError(Arrays.Floats(array), ours), tolerance);
        }
    }

    /// <summary>Compares integers that have to be equal with the array of a name, where there is one.</summary>
    public void CompareEqual(string array, ReadOnlySpan<long> ours)
    {
        if (Arrays.Has(array))
        {
            Add(array, Measure.Differences, Comparison.Differences(Arrays.Integers(array), ours), 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _arrays?.Dispose();

    // Vectors come with or without extents of 1, so that only pictures are compared extent by extent.
    private void CompareShapes(string array, Shape ours)
    {
        Shape theirs = Arrays.ShapeOf(array);
        if (theirs.Count != ours.Count || (theirs.Rank == 4 && ours.Rank == 4 && theirs != ours))
        {
            throw new PerCoException($"{array} is {ours}, the case has {theirs}.");
        }
    }

    private void Add(VerificationRow row)
    {
        Rows++;
        report(row);
    }
}
