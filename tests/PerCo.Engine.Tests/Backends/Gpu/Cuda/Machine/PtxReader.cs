using System.Globalization;
using System.Text.RegularExpressions;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>Reads the kernels of a PTX file (NVIDIA, "Parallel Thread Execution ISA", 8.3).</summary>
internal sealed partial class PtxReader
{
    private readonly Dictionary<string, uint> _symbols = [];
    private readonly Dictionary<string, PtxKernel> _kernels = [];
    private readonly string _text;
    private int _at;
    private int _line = 1;

    private PtxReader(string text) => _text = text;

    /// <summary>The kernels by name.</summary>
    /// <exception cref="PtxFault">The text has what the machine does not know; says in which line.</exception>
    public static IReadOnlyDictionary<string, PtxKernel> Read(string text)
    {
        var reader = new PtxReader(text);
        try
        {
            reader.ReadFile();
        }
        catch (PtxFault fault)
        {
            throw new PtxFault($"line {reader._line}: {fault.Message}");
        }

        return reader._kernels;
    }

    private void ReadFile()
    {
        while (Statement() is { } statement)
        {
            if (EntryName().Match(statement) is { Success: true } entry)
            {
                ReadKernel(entry.Groups[1].Value, statement);
            }
            else if (statement.StartsWith(".extern .shared", StringComparison.Ordinal))
            {
                // What a launch asks for begins behind what is declared: nothing else is, in a file that has it.
                _symbols[ArrayDeclaration().Match(statement).Groups["name"].Value] = 0;
            }
        }
    }

    private void ReadKernel(string name, string head)
    {
        var scope = new PtxScope(_symbols);
        foreach (Match parameter in ParameterDeclaration().Matches(head))
        {
            scope.AddParameter(parameter.Groups["name"].Value, parameter.Groups["bits"].Value == "64" ? 8 : 4);
        }

        var code = new List<PtxInstruction>();
        var labels = new Dictionary<string, int>();
        var branches = new List<(Branch Branch, string Label)>();
        for (int depth = 1; depth > 0;)
        {
            string statement = Statement() ?? throw new PtxFault($"{name} does not end");
            switch (statement)
            {
                case "{":
                    depth++;
                    scope.OpenBlock();
                    continue;
                case "}":
                    if (--depth > 0)
                    {
                        scope.CloseBlock();
                    }

                    continue;
                default:
                    break;
            }

            if (statement.EndsWith(':'))
            {
                labels.Add(scope.Label(statement[..^1]), code.Count);
            }
            else if (statement.StartsWith('.'))
            {
                Declare(scope, statement);
            }
            else
            {
                PtxInstruction instruction = Instruction(scope, statement, out string? label);
                code.Add(instruction);
                if (instruction is Branch branch)
                {
                    branches.Add((branch, scope.Label(label!)));
                }
            }
        }

        foreach ((Branch branch, string label) in branches)
        {
            branch.Target = labels[label];
        }

        if (_symbols.Count > 0 && scope.StaticShared > 0)
        {
            throw new PtxFault($"{name} has declared and requested shared memory");
        }

        _kernels.Add(name, new PtxKernel
        {
            Name = name,
            Code = code,
            Parameters = scope.ParameterSizes,
            GroupSize = int.Parse(GroupSize().Match(head).Groups[1].Value, CultureInfo.InvariantCulture),
            Words = scope.Count(PtxBank.Word),
            Longs = scope.Count(PtxBank.Long),
            Predicates = scope.Count(PtxBank.Predicate),
            WordConstants = scope.WordConstants,
            LongConstants = scope.LongConstants,
            Specials = scope.Specials,
            StaticShared = scope.StaticShared,
            Local = scope.Local,
        });
    }

    private static void Declare(PtxScope scope, string statement)
    {
        if (RegisterDeclaration().Match(statement) is { Success: true } registers)
        {
            scope.DeclareRegisters(registers.Groups["type"].Value, registers.Groups["name"].Value);
        }
        else if (ArrayDeclaration().Match(statement) is { Success: true } array)
        {
            int bytes = int.Parse(array.Groups["bytes"].Value, CultureInfo.InvariantCulture);
            int alignment = int.Parse(array.Groups["alignment"].Value, CultureInfo.InvariantCulture);
            if (array.Groups["space"].Value == ".shared")
            {
                scope.DeclareShared(array.Groups["name"].Value, bytes, alignment);
            }
            else
            {
                scope.DeclareLocal(array.Groups["name"].Value, bytes);
            }
        }
        else if (!statement.StartsWith(".pragma", StringComparison.Ordinal))
        {
            throw new PtxFault($"'{statement}' is not known");
        }
    }

    private PtxInstruction Instruction(PtxScope scope, string statement, out string? label)
    {
        Match parts = InstructionParts().Match(statement);
        string opcode = parts.Groups["opcode"].Value;
        string[] operands = [.. Operand().Matches(parts.Groups["operands"].Value).Select(match => match.Value.Trim())];
        label = opcode is "bra" or "bra.uni" ? operands[0] : null;
        PtxInstruction instruction = PtxOpcodes.Create(scope, opcode, operands);
        instruction.Text = statement;
        instruction.Line = _line;
        if (parts.Groups["guard"].Value is { Length: > 0 } guard)
        {
            instruction.GuardNegated = guard.StartsWith('!');
            instruction.Guard = scope.Predicate(guard.TrimStart('!'));
        }

        instruction.Words =
        [
            .. RegisterName().Matches(parts.Groups["operands"].Value).Select(match => match.Value)
                .Where(name => scope.Bank(name) == PtxBank.Word).Select(scope.Word),
        ];
        return instruction;
    }

    // The next statement without its semicolon, or a label, a brace, or a kernel's head with its opening brace.
    private string? Statement()
    {
        int start = -1;
        for (; _at < _text.Length; _at++)
        {
            char c = _text[_at];
            if (c == '\n')
            {
                _line++;
            }

            if (c == '/' && _text[_at + 1] == '/')
            {
                int end = _text.IndexOf('\n', _at);
                if (start >= 0 && !string.IsNullOrWhiteSpace(_text[start.._at]))
                {
                    throw new PtxFault("a comment within a statement");
                }

                _at = end - 1;
                start = -1;
                continue;
            }

            if (start < 0)
            {
                if (char.IsWhiteSpace(c))
                {
                    continue;
                }

                start = _at;
                if (c is '{' or '}')
                {
                    _at++;
                    return c.ToString();
                }

                if (Head().Match(_text, _at) is { Success: true } head)
                {
                    _line += head.Value.Count(letter => letter == '\n');
                    _at += head.Length;
                    return head.Value;
                }

                if (Directive().Match(_text, _at) is { Success: true } directive)
                {
                    _at += directive.Length;
                    return directive.Value;
                }
            }

            if (c == ';' || (c == ':' && Label().IsMatch(_text.AsSpan(start, _at - start))))
            {
                string statement = c == ':' ? _text[start..(_at + 1)] : _text[start.._at];
                _at++;
                return statement.Trim();
            }
        }

        return null;
    }

    [GeneratedRegex(@"\G\.(version|target|address_size)[^\n]*")]
    private static partial Regex Directive();

    // Up to the brace that opens the body: comments may stand between.
    [GeneratedRegex(@"\G\.visible \.entry[^{]*\{")]
    private static partial Regex Head();

    [GeneratedRegex(@"\.entry (\w+)")]
    private static partial Regex EntryName();

    [GeneratedRegex(@"\.param \.[usf](?<bits>\d+) (?<name>\w+)")]
    private static partial Regex ParameterDeclaration();

    [GeneratedRegex(@"\.maxntid (\d+)")]
    private static partial Regex GroupSize();

    [GeneratedRegex(@"^\.reg (?<type>\.\w+)\s+(?<name>[%\w]+(<\d+>)?)$")]
    private static partial Regex RegisterDeclaration();

    [GeneratedRegex(@"(?<space>\.shared|\.local) \.align (?<alignment>\d+) \.b8\s+(?<name>\w+)\[(?<bytes>\d*)\]$")]
    private static partial Regex ArrayDeclaration();

    [GeneratedRegex(@"^(@(?<guard>!?[%\w]+)\s+)?(?<opcode>[\w.:]+)\s*(?<operands>.*)$", RegexOptions.Singleline)]
    private static partial Regex InstructionParts();

    [GeneratedRegex(@"(\{[^}]*\}|\[[^\]]*\]|[^,{}\[\]])+")]
    private static partial Regex Operand();

    [GeneratedRegex(@"%?\w+")]
    private static partial Regex RegisterName();

    [GeneratedRegex(@"^[$\w]+$")]
    private static partial Regex Label();
}
