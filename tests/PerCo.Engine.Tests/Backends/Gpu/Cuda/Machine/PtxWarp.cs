using System.Runtime.InteropServices;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// 32 work-items that execute one instruction at a time. Lanes that have gone different ways are fragments; the one
/// that is furthest behind goes on, so that they meet again where their ways join.
/// </summary>
internal sealed unsafe class PtxWarp : IDisposable
{
    /// <summary>Lanes of a warp.</summary>
    public const int Size = 32;

    /// <summary>All lanes.</summary>
    public const uint Full = uint.MaxValue;

    private static readonly Dictionary<string, Func<PtxWarp, int, int>> Specials = new()
    {
        ["%tid.x"] = (warp, lane) => (warp.Index * Size) + lane,
        ["%ctaid.x"] = (warp, _) => warp.Group.X,
        ["%ctaid.y"] = (warp, _) => warp.Group.Y,
        ["%ctaid.z"] = (warp, _) => warp.Group.Z,
        ["%nctaid.x"] = (warp, _) => warp.Group.Launch.GroupsX,
        ["%nctaid.y"] = (warp, _) => warp.Group.Launch.GroupsY,
    };

    private readonly int[] _places = new int[Size];
    private readonly uint[] _masks = new uint[Size];
    private readonly bool[] _parked = new bool[Size];
    private readonly PtxKernel _kernel;
    private int _others;
    private int _place;
    private uint _mask;
    private int _limit;

    public PtxWarp(PtxGroup group, PtxKernel kernel, int index)
    {
        Group = group;
        Index = index;
        _kernel = kernel;
        Words = (uint*)NativeMemory.AlignedAlloc((nuint)kernel.Words * Size * sizeof(uint), 64);
        Longs = (ulong*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, kernel.Longs) * Size * sizeof(ulong), 64);
        Predicates = (uint*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, kernel.Predicates) * sizeof(uint), 64);
        Local = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, kernel.Local) * Size, 64);
        Asynchronous = new PtxAsynchronous(this, kernel.Words);
    }

    /// <summary>32-bit registers, 32 lanes each; 16-bit values in their lower half, zeros above.</summary>
    public uint* Words { get; }

    /// <summary>64-bit registers, 32 lanes each.</summary>
    public ulong* Longs { get; }

    /// <summary>Predicates, a bit a lane.</summary>
    public uint* Predicates { get; }

    /// <summary>Local memory, one lane's after the other's.</summary>
    public byte* Local { get; }

    /// <summary>Bytes of a lane's local memory.</summary>
    public int LocalBytes => _kernel.Local;

    /// <summary>The group.</summary>
    public PtxGroup Group { get; }

    /// <summary>Number in the group.</summary>
    public int Index { get; }

    /// <summary>Lanes that have not ended.</summary>
    public uint Live { get; private set; }

    /// <summary>Registers of a work-item.</summary>
    public int Registers { get; set; }

    /// <summary>Whether it waits at a barrier of the group.</summary>
    public bool AtBarrier { get; set; }

    /// <summary>Tensor maps that a lane has fenced.</summary>
    public HashSet<(int Lane, ulong Map)> Fenced { get; } = [];

    /// <summary>Copies and products that it has started.</summary>
    public PtxAsynchronous Asynchronous { get; }

    /// <summary>Whether this is a register with the place of a work-item (PTX ISA, "Special Registers").</summary>
    public static bool IsSpecial(string name) => Specials.ContainsKey(name);

    /// <summary>Begins the kernel for a group.</summary>
    public void Start()
    {
        _others = _place = 0;
        _limit = int.MaxValue;
        int lanes = Math.Min(Size, _kernel.GroupSize - (Index * Size));
        _mask = Live = lanes == Size ? Full : (1u << lanes) - 1;
        AtBarrier = false;
        Registers = Group.StartRegisters;
        Asynchronous.Reset();
        Fenced.Clear();

        // What was never written is not a number in any format.
        new Span<uint>(Words, _kernel.Words * Size).Fill(PtxDevice.Poison);
        new Span<ulong>(Longs, _kernel.Longs * Size).Fill(((ulong)PtxDevice.Poison << 32) | PtxDevice.Poison);
        new Span<uint>(Predicates, _kernel.Predicates).Fill(PtxDevice.Poison);
        foreach ((int register, uint value) in _kernel.WordConstants)
        {
            new Span<uint>(Words + (register * Size), Size).Fill(value);
        }

        foreach ((int register, ulong value) in _kernel.LongConstants)
        {
            new Span<ulong>(Longs + (register * Size), Size).Fill(value);
        }

        foreach ((string name, int register) in _kernel.Specials)
        {
            FillSpecial(name, register);
        }
    }

    /// <summary>Executes at most so many instructions.</summary>
    /// <returns>Whether it got on: not where it only asked whether something is complete.</returns>
    public bool Run(int instructions)
    {
        bool gotOn = false;
        for (; instructions > 0 && Live != 0; instructions--)
        {
            if (_place >= _limit)
            {
                Push(_place, _mask);
                TakeHindmost();
            }

            PtxInstruction instruction = _kernel.Code[_place];
            uint lanes = instruction.Guard < 0 ? _mask
                : _mask & (instruction.GuardNegated ? ~Predicates[instruction.Guard] : Predicates[instruction.Guard]);
            try
            {
                if (instruction.IsAligned && _others > 0)
                {
                    Park();
                    continue;
                }

                if (instruction.IsAligned && lanes != Live)
                {
                    throw new PtxFault($"lanes {lanes:x8} of {Live:x8} execute what all must execute together");
                }

                Asynchronous.Check(instruction);
                PtxStep step = lanes == 0 ? PtxStep.Next : instruction.Execute(this, lanes);
                if (step == PtxStep.Again)
                {
                    return gotOn;
                }

                if (step != PtxStep.Moved)
                {
                    _place++;
                }

                if (step == PtxStep.Yield)
                {
                    TakeAnother();
                    return gotOn;
                }

                gotOn |= instruction is not (Branch or TryWait);

                if (step == PtxStep.Barrier)
                {
                    AtBarrier = true;
                    return true;
                }
            }
            catch (PtxFault fault)
            {
                throw new PtxFault(
                    $"{_kernel.Name}, group {Group.X},{Group.Y},{Group.Z}, warp {Index}, line {instruction.Line}: "
                    + $"{instruction.Text.ReplaceLineEndings(" ")}: {fault.Message}");
            }
        }

        return true;
    }

    /// <summary>Sends lanes to another instruction; the others go on.</summary>
    public void GoTo(int target, uint lanes)
    {
        uint rest = _mask & ~lanes;
        if (rest == 0)
        {
            _place = target;
            return;
        }

        Push(target, lanes);
        Push(_place + 1, rest);
        TakeHindmost();
    }

    /// <summary>Lanes have come to the kernel's end.</summary>
    public void End(uint lanes)
    {
        Live &= ~lanes;
        if ((_mask & ~lanes) is var rest and > 0)
        {
            Push(_place + 1, rest);
        }

        _mask = 0;
        if (_others > 0)
        {
            TakeHindmost();
        }
        else if (Asynchronous.Unfinished is { } what)
        {
            throw new PtxFault($"the warp ends while {what}");
        }
    }

    /// <summary>What it waits for, in words; empty where it does not.</summary>
    public string WaitsFor { get; set; } = "";

    /// <inheritdoc/>
    public override string ToString() =>
        $"warp {Index} at line {_kernel.Code[Math.Min(_place, _kernel.Code.Count - 1)].Line}{WaitsFor}";

    public void Dispose()
    {
        NativeMemory.AlignedFree(Words);
        NativeMemory.AlignedFree(Longs);
        NativeMemory.AlignedFree(Predicates);
        NativeMemory.AlignedFree(Local);
    }

    private void Push(int place, uint mask, bool parked = false) =>
        (_places[_others], _masks[_others], _parked[_others++]) = (place, mask, parked);

    // Waits for the others at an instruction that all execute together: they may be in a block that stands behind it.
    private void Park()
    {
        int place = _place;
        Push(place, _mask, parked: true);
        TakeHindmost();
        if (_mask == 0)
        {
            _place = place;
            throw new PtxFault("lanes wait for each other at different instructions that all must execute together");
        }
    }

    // What this fragment waits for another one may have to do, although it is ahead.
    private void TakeAnother()
    {
        int other = Array.IndexOf(_parked, false, 0, _others);
        if (other < 0)
        {
            return;
        }

        (_place, _places[other]) = (_places[other], _place);
        (_mask, _masks[other]) = (_masks[other], _mask);
        _limit = int.MaxValue;
        for (int i = 0; i < _others; i++)
        {
            _limit = _parked[i] || _places[i] <= _place ? _limit : Math.Min(_limit, _places[i]);
        }
    }

    // Goes on with the fragment that is furthest behind; all of one place become one, and go on if that is everybody.
    private void TakeHindmost()
    {
        _place = int.MaxValue;
        for (int i = 0; i < _others; i++)
        {
            uint together = 0;
            for (int j = 0; j < _others; j++)
            {
                together |= _places[j] == _places[i] ? _masks[j] : 0;
            }

            _place = !_parked[i] || together == Live ? Math.Min(_place, _places[i]) : _place;
        }

        _mask = 0;
        _limit = int.MaxValue;
        int kept = 0;
        for (int i = 0; i < _others; i++)
        {
            if (_places[i] == _place)
            {
                _mask |= _masks[i];
            }
            else
            {
                _limit = _parked[i] ? _limit : Math.Min(_limit, _places[i]);
                (_places[kept], _masks[kept], _parked[kept++]) = (_places[i], _masks[i], _parked[i]);
            }
        }

        _others = kept;
    }

    private void FillSpecial(string name, int register)
    {
        for (int lane = 0; lane < Size; lane++)
        {
            Words[(register * Size) + lane] = (uint)Specials[name](this, lane);
        }
    }
}
