using System.Globalization;
using System.Reflection;

namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>A program's PTX, which the library carries as resources; kernels/build-ptx.sh makes them.</summary>
internal sealed class PtxFile
{
    private const string Prefix = "PerCo.Engine.kernels.ptx.";
    private const string EntryStart = ".entry ";
    private const string SizeStart = ".maxntid ";
    private const string DynamicSharedStart = "// dynamic_shared ";

    private static readonly Assembly Library = typeof(PtxFile).Assembly;

    private PtxFile(string name, string text)
    {
        Name = name;
        Text = text;
    }

    /// <summary>All names there are, as NAME.PRECISION.TARGET.ptx.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Library.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..]).Order(StringComparer.Ordinal),
    ];

    /// <summary>Name of the file.</summary>
    public string Name { get; }

    /// <summary>The PTX.</summary>
    public string Text { get; }

    /// <summary>Loads the best file for a device.</summary>
    /// <exception cref="PerCoException">The device is older than every file.</exception>
    /// <exception cref="ArgumentException">There is no such program.</exception>
    public static PtxFile Load(GpuProgram program, int capability)
    {
        string start = $"{program.Name}.{program.Precision.ToString().ToLowerInvariant()}.";
        string[] candidates = [.. Names.Where(name => name.StartsWith(start, StringComparison.Ordinal))];
        if (candidates.Length == 0)
        {
            throw new ArgumentException($"There is no PTX of {program}.", nameof(program));
        }

        string? best = Choose(candidates.Select(name => name.Split('.')[2]), capability)
            ?? throw new PerCoException($"CUDA: {program} has no PTX for compute capability {capability / 10}."
                + $"{capability % 10}, expected 7.0 or newer; OpenCL may do.")
            {
                Remedies = [Remedy.OpenCl],
            };
        string file = $"{start}{best}.ptx";
        using Stream stream = Library.GetManifestResourceStream(Prefix + file)!;
        using var reader = new StreamReader(stream);
        return new PtxFile(file, reader.ReadToEnd());
    }

    /// <summary>
    /// The newest target that a device runs: sm_90a only on 9.0 itself, any other also on all later ones.
    /// </summary>
    internal static string? Choose(IEnumerable<string> targets, int capability) =>
        targets.Where(target => IsSpecific(target) ? Version(target) == capability : Version(target) <= capability)
            .OrderByDescending(Version).ThenByDescending(IsSpecific).FirstOrDefault();

    /// <summary>Work-items of a kernel's group, as its source fixes it.</summary>
    /// <exception cref="ArgumentException">There is no such kernel.</exception>
    public int GroupSize(string kernel) => Number(Entry(kernel), SizeStart) ?? throw Unknown(kernel);

    /// <summary>Bytes of on-chip memory that its launch asks for, beside what the PTX declares.</summary>
    /// <exception cref="ArgumentException">There is no such kernel.</exception>
    public int DynamicShared(string kernel) => Number(Entry(kernel), DynamicSharedStart) ?? 0;

    private static int? Number(ReadOnlySpan<char> text, string start)
    {
        int at = text.IndexOf(start, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        text = text[(at + start.Length)..];
        return int.Parse(text[..text.IndexOfAnyExceptInRange('0', '9')], NumberStyles.None,
            CultureInfo.InvariantCulture);
    }

    // A kernel's text, up to the next one.
    private ReadOnlySpan<char> Entry(string kernel)
    {
        int start = Text.IndexOf($"{EntryStart}{kernel}(", StringComparison.Ordinal);
        if (start < 0)
        {
            throw Unknown(kernel);
        }

        int end = Text.IndexOf(EntryStart, start + EntryStart.Length, StringComparison.Ordinal);
        return Text.AsSpan(start, (end < 0 ? Text.Length : end) - start);
    }

    private ArgumentException Unknown(string kernel) => new($"{Name} has no kernel '{kernel}'.", nameof(kernel));

    private static bool IsSpecific(string target) => target.EndsWith('a');

    private static int Version(string target) =>
        int.Parse(target.AsSpan("sm_".Length).TrimEnd('a'), NumberStyles.None, CultureInfo.InvariantCulture);
}
