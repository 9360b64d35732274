using System.Globalization;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// Names of a kernel while it is read: registers, symbols, parameters and constants, which get a register each. Blocks
/// in braces may declare names of their own (PTX ISA, "Identifiers" and "Scoping").
/// </summary>
internal sealed class PtxScope(IReadOnlyDictionary<string, uint> symbols)
{
    private readonly Dictionary<string, PtxBank> _prefixes = [];
    private readonly Dictionary<string, int> _registers = [];
    private readonly Dictionary<string, uint> _symbols = new(symbols);
    private readonly List<string> _parameters = [];
    private readonly List<int> _sizes = [];
    private readonly Stack<(int Number, Dictionary<string, PtxBank> Names)> _blocks = new();
    private readonly List<(int Register, uint Value)> _wordConstants = [];
    private readonly List<(int Register, ulong Value)> _longConstants = [];
    private readonly Dictionary<string, int> _specials = [];
    private readonly int[] _counts = new int[3];
    private int _blockCount;

    public int StaticShared { get; private set; }

    public int Local { get; private set; }

    public IReadOnlyList<int> ParameterSizes => _sizes;

    public IReadOnlyList<(int Register, uint Value)> WordConstants => _wordConstants;

    public IReadOnlyList<(int Register, ulong Value)> LongConstants => _longConstants;

    public IReadOnlyDictionary<string, int> Specials => _specials;

    public int Count(PtxBank bank) => _counts[(int)bank];

    public void AddParameter(string name, int bytes)
    {
        _parameters.Add(name);
        _sizes.Add(bytes);
    }

    public int Parameter(string name) =>
        _parameters.IndexOf(name) is var index and >= 0 ? index : throw new PtxFault($"there is no parameter {name}");

    /// <summary>.reg .b32 %r&lt;18&gt;; or .reg .pred done;.</summary>
    public void DeclareRegisters(string type, string name)
    {
        PtxBank bank = type switch
        {
            ".pred" => PtxBank.Predicate,
            ".b16" or ".b32" or ".f32" => PtxBank.Word,
            ".b64" => PtxBank.Long,
            _ => throw new PtxFault($"registers of type {type} are not known"),
        };
        if (name.IndexOf('<', StringComparison.Ordinal) is var end and > 0)
        {
            _prefixes[name[..end]] = bank;
        }
        else if (_blocks.Count > 0)
        {
            _blocks.Peek().Names[name] = bank;
        }
        else
        {
            _prefixes[name] = bank;
        }
    }

    public void DeclareShared(string name, int bytes, int alignment)
    {
        StaticShared = (StaticShared + alignment - 1) / alignment * alignment;
        _symbols[name] = (uint)StaticShared;
        StaticShared += bytes;
    }

    public void DeclareLocal(string name, int bytes)
    {
        _symbols[name] = (uint)Local;
        Local += bytes;
    }

    public void OpenBlock() => _blocks.Push((++_blockCount, []));

    public void CloseBlock() => _blocks.Pop();

    /// <summary>A label's name, different in each block.</summary>
    public string Label(string name) =>
        name.StartsWith('$') || _blocks.Count == 0 ? name : $"{name}@{_blocks.Peek().Number}";

    public int Word(string operand) => Register(operand, PtxBank.Word);

    public int Long(string operand) => Register(operand, PtxBank.Long);

    public int Predicate(string operand) => Register(operand, PtxBank.Predicate);

    /// <summary>The bank of a register that was declared.</summary>
    public PtxBank? Bank(string operand)
    {
        foreach ((int _, Dictionary<string, PtxBank> names) in _blocks)
        {
            if (names.TryGetValue(operand, out PtxBank own))
            {
                return own;
            }
        }

        return _prefixes.TryGetValue(operand.TrimEnd("0123456789".ToCharArray()), out PtxBank bank) ? bank
            : _prefixes.TryGetValue(operand, out bank) ? bank : null;
    }

    /// <summary>
    /// [%rd5+16], [name+4], [%r3]: the register (-1 where there is none) and a distance.
    /// </summary>
    public (int Register, PtxBank Bank, long Offset) Address(string operand)
    {
        string inner = operand.Trim('[', ']').Trim();
        int plus = inner.IndexOf('+', StringComparison.Ordinal);
        string start = plus < 0 ? inner : inner[..plus];
        long offset = plus < 0 ? 0 : long.Parse(inner[(plus + 1)..], CultureInfo.InvariantCulture);
        return Bank(start) is { } bank ? (Register(start, bank), bank, offset)
            : _symbols.TryGetValue(start, out uint symbol) ? (-1, PtxBank.Word, symbol + offset)
            : throw new PtxFault($"{start} is not known");
    }

    /// <summary>The operands in braces.</summary>
    public static string[] List(string operand) =>
        operand.Trim('{', '}', ' ').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private int Register(string operand, PtxBank bank)
    {
        if (Bank(operand) is { } declared)
        {
            if (declared != bank)
            {
                throw new PtxFault($"{operand} is of bank {declared}, expected {bank}");
            }

            string name = operand;
            foreach ((int number, Dictionary<string, PtxBank> names) in _blocks)
            {
                if (names.ContainsKey(operand))
                {
                    name = $"{operand}@{number}";
                    break;
                }
            }

            return Slot(name, bank);
        }

        if (PtxWarp.IsSpecial(operand))
        {
            int special = Slot(operand, bank);
            _specials[operand] = special;
            return special;
        }

        return Constant(operand, bank);
    }

    private int Constant(string operand, PtxBank bank)
    {
        ulong value = _symbols.TryGetValue(operand, out uint symbol) ? symbol : Number(operand);
        string name = $"{bank} {value}";
        bool isNew = !_registers.ContainsKey(name);
        int register = Slot(name, bank);
        if (isNew && bank == PtxBank.Word)
        {
            _wordConstants.Add((register, (uint)value));
        }
        else if (isNew && bank == PtxBank.Long)
        {
            _longConstants.Add((register, value));
        }

        return bank == PtxBank.Predicate ? throw new PtxFault($"{operand} is not a predicate") : register;
    }

    private int Slot(string name, PtxBank bank)
    {
        if (!_registers.TryGetValue(name, out int register))
        {
            register = _counts[(int)bank]++;
            _registers.Add(name, register);
        }

        return register;
    }

    private static ulong Number(string text) =>
        text.StartsWith("0f", StringComparison.Ordinal) || text.StartsWith("0d", StringComparison.Ordinal)
            || text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.TryParse(text, CultureInfo.InvariantCulture, out long value) ? (ulong)value
            : throw new PtxFault($"{text} is not known");
}

/// <summary>Registers of one size: a bit, 32 bits (which also hold 16), 64 bits a lane.</summary>
internal enum PtxBank
{
    Predicate,
    Word,
    Long,
}
