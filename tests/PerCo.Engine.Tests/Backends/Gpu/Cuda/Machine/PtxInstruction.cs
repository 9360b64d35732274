namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>What a warp does after an instruction.</summary>
internal enum PtxStep
{
    /// <summary>Goes on.</summary>
    Next,

    /// <summary>Goes on, after others have run: it waits for them in a loop.</summary>
    Yield,

    /// <summary>Tries the instruction again after others have run.</summary>
    Again,

    /// <summary>Waits for the group's other warps.</summary>
    Barrier,

    /// <summary>Is where the instruction has sent it.</summary>
    Moved,
}

/// <summary>One instruction, for the lanes of a warp that are there and whose guard lets them.</summary>
internal abstract class PtxInstruction
{
    /// <summary>The instruction as the file has it, for messages.</summary>
    public string Text { get; set; } = "";

    /// <summary>Line of the file.</summary>
    public int Line { get; set; }

    /// <summary>Index of the predicate that guards it; -1 where nothing does.</summary>
    public int Guard { get; set; } = -1;

    /// <summary>Whether it is executed where the guard is false.</summary>
    public bool GuardNegated { get; set; }

    /// <summary>32-bit registers that it reads or writes.</summary>
    public int[] Words { get; set; } = [];

    /// <summary>Whether all of a warp must execute it together (.aligned).</summary>
    public virtual bool IsAligned => false;

    /// <summary>Executes it.</summary>
    /// <param name="warp">The warp.</param>
    /// <param name="lanes">A bit for each lane that takes part; never 0.</param>
    public abstract PtxStep Execute(PtxWarp warp, uint lanes);
}

/// <summary>bra. Lanes that go elsewhere become another fragment of the warp.</summary>
internal sealed class Branch : PtxInstruction
{
    /// <summary>Index of the instruction it leads to; known when all labels are.</summary>
    public int Target { get; set; }

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        warp.GoTo(Target, lanes);
        return PtxStep.Moved;
    }
}

/// <summary>ret.</summary>
internal sealed class Return : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        warp.End(lanes);
        return PtxStep.Moved;
    }
}
