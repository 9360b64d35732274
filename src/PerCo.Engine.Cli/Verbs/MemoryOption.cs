using System.CommandLine;
using System.Globalization;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>The most memory that the process may take: a number with a unit.</summary>
internal sealed class MemoryOption
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1), ("", 1),
    ];

    private readonly Option<long?> _memory = new("--memory")
    {
        Description = "Most memory that the program may take, 600MiB or 4GiB, say; on the CPU only. Where it is "
            + "scarce, pictures take longer; with --verbose the plan is printed. Default: what the system has.",
        HelpName = "SIZE",
    };

    public MemoryOption() => _memory.CustomParser = result =>
    {
        string text = result.Tokens[0].Value;
        if (TryParse(text, out long bytes))
        {
            return bytes;
        }

        result.AddError($"{_memory.Name} is '{text}', expected a size such as 600MiB, 4GiB, 1.5GB or 800000000.");
        return null;
    };

    public void AddTo(Command command) => command.Options.Add(_memory);

    public long? Read(ParseResult parsed) => parsed.GetValue(_memory);

    /// <summary>Bytes of a size: a number above 0, and B, KB, KiB, MB, MiB and so on in any case.</summary>
    internal static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string unit = text.TrimStart("0123456789.".ToCharArray());
        string number = text[..^unit.Length];
        foreach ((string name, long size) in Units)
        {
            if (string.Equals(unit.Trim(), name, StringComparison.OrdinalIgnoreCase)
                && decimal.TryParse(
                    number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
                && value > 0 && value <= (decimal)long.MaxValue / size && value * size >= 1)
            {
                bytes = (long)(value * size);
                return true;
            }
        }

        return false;
    }
}
