using System.Numerics;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>What of memory a lane reads or writes.</summary>
/// <param name="Space">"global", "shared", "local" or "param".</param>
/// <param name="Bytes">Bytes of one value.</param>
/// <param name="Signed">Whether a value that is smaller than its register keeps its sign.</param>
/// <param name="Values">Its registers, as many as the vector has.</param>
/// <param name="Bank">Their bank.</param>
/// <param name="Address">The register with the address; -1 where there is none.</param>
/// <param name="AddressBank">Its bank.</param>
/// <param name="Offset">What is added.</param>
internal sealed record PtxAccess(
    string Space, int Bytes, bool Signed, int[] Values, PtxBank Bank, int Address, PtxBank AddressBank,
    long Offset)
{
    /// <summary>The address of a lane.</summary>
    public unsafe ulong Of(PtxWarp warp, int lane) => (ulong)Offset + (Address < 0 ? 0
        : AddressBank == PtxBank.Long ? warp.Longs[(Address * PtxWarp.Size) + lane]
        : warp.Words[(Address * PtxWarp.Size) + lane]);
}

/// <summary>ld and st.</summary>
internal sealed unsafe class Access(PtxAccess access, bool store) : PtxInstruction
{
    // What plain kernels do most.
    private readonly bool _isPlain = access is { Space: "shared", Bytes: 4, Bank: PtxBank.Word } && !store;
    private PtxDevice.Met _met;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        int bytes = access.Bytes * access.Values.Length;
        if (_isPlain && warp.Group.Shared.Races is null)
        {
            return LoadShared(warp, lanes, bytes);
        }

        PtxDevice.Met met = _met;
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            byte* at = At(warp, lane, bytes, ref met);
            foreach (int register in access.Values)
            {
                if (store)
                {
                    Store(warp, (register * PtxWarp.Size) + lane, at);
                }
                else
                {
                    Load(warp, (register * PtxWarp.Size) + lane, at);
                }

                at += access.Bytes;
            }
        }

        _met = met;
        return PtxStep.Next;
    }

    private PtxStep LoadShared(PtxWarp warp, uint lanes, int bytes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            uint* from = (uint*)warp.Group.Shared.At((long)access.Of(warp, lane), bytes, bytes);
            foreach (int register in access.Values)
            {
                warp.Words[(register * PtxWarp.Size) + lane] = *from++;
            }
        }

        return PtxStep.Next;
    }

    private byte* At(PtxWarp warp, int lane, int bytes, ref PtxDevice.Met met)
    {
        ulong address = access.Of(warp, lane);
        switch (access.Space)
        {
            case "global":
                warp.Group.Launch.Device.Check(address, bytes, ref met);
                return (byte*)address;
            case "shared":
                return store ? warp.Group.Shared.Write(warp, lane, (long)address, bytes)
                    : warp.Group.Shared.Read(warp, lane, (long)address, bytes);
            case "local" when address + (ulong)bytes <= (ulong)warp.LocalBytes:
                return warp.Local + (lane * warp.LocalBytes) + address;
            default:
                throw new PtxFault($"{bytes} bytes at {address} of {access.Space} memory");
        }
    }

    private void Store(PtxWarp warp, int index, byte* at)
    {
        switch (access.Bytes)
        {
            case 2:
                *(ushort*)at = (ushort)warp.Words[index];
                break;
            case 4:
                *(uint*)at = warp.Words[index];
                break;
            default:
                *(ulong*)at = warp.Longs[index];
                break;
        }
    }

    private void Load(PtxWarp warp, int index, byte* at)
    {
        ulong value = (access.Bytes, access.Signed) switch
        {
            (2, false) => *(ushort*)at,
            (2, true) => (ulong)*(short*)at,
            (4, false) => *(uint*)at,
            (4, true) => (ulong)*(int*)at,
            _ => *(ulong*)at,
        };
        if (access.Bank == PtxBank.Long)
        {
            warp.Longs[index] = value;
        }
        else
        {
            warp.Words[index] = (uint)value;
        }
    }
}

/// <summary>ld.param.</summary>
internal sealed unsafe class LoadParameter(int to, PtxBank bank, int parameter, bool signed) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ulong value = warp.Group.Launch.Arguments[parameter];
        value = signed ? (ulong)(int)value : value;
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int index = (to * PtxWarp.Size) + BitOperations.TrailingZeroCount(lanes);
            if (bank == PtxBank.Long)
            {
                warp.Longs[index] = value;
            }
            else
            {
                warp.Words[index] = (uint)value;
            }
        }

        return PtxStep.Next;
    }
}

/// <summary>cp.async.cg of 16 bytes; what is beyond the valid bytes becomes zero.</summary>
internal sealed unsafe class CopyAsynchronously(int to, int from, int valid) : PtxInstruction
{
    private PtxDevice.Met _met;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        PtxDevice.Met met = _met;
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int lane = BitOperations.TrailingZeroCount(lanes);
            ulong source = warp.Longs[(from * PtxWarp.Size) + lane];
            uint bytes = warp.Words[(valid * PtxWarp.Size) + lane];
            if (bytes is not (0 or 16))
            {
                throw new PtxFault($"lane {lane} copies {bytes} bytes, expected 0 or 16");
            }

            // The address of a copy of nothing may be any, but must be aligned.
            if (bytes > 0)
            {
                warp.Group.Launch.Device.Check(source, 16, ref met);
            }
            else if (source % 16 != 0)
            {
                throw new PtxFault($"lane {lane} copies nothing from {source:x}, which is not aligned");
            }

            warp.Asynchronous.StartCopy(
                lane, warp.Words[(to * PtxWarp.Size) + lane], (nint)source, (int)bytes);
        }

        _met = met;
        return PtxStep.Next;
    }
}

/// <summary>Something that each lane does for itself.</summary>
internal sealed class EachLane(Action<PtxWarp, int> action) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            action(warp, BitOperations.TrailingZeroCount(lanes));
        }

        return PtxStep.Next;
    }
}

/// <summary>Something that a warp does as a whole.</summary>
internal sealed class WholeWarp(Action<PtxWarp> action, PtxStep step = PtxStep.Next) : PtxInstruction
{
    public override bool IsAligned => true;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        action(warp);
        return step;
    }
}

/// <summary>mbarrier.try_wait.parity: the others go on where the phase is not complete.</summary>
internal sealed unsafe class TryWait(int to, int address, int parity) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint complete = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            bool done = warp.Group.Barriers.IsComplete(
                warp, warp.Words[(address * PtxWarp.Size) + lane], warp.Words[(parity * PtxWarp.Size) + lane]);
            complete |= (done ? 1u : 0) << lane;
        }

        warp.WaitsFor = complete == lanes ? "" : $" for phase {warp.Words[parity * PtxWarp.Size]} of barrier "
            + $"{warp.Words[address * PtxWarp.Size]}";
        warp.Predicates[to] = (warp.Predicates[to] & ~lanes) | complete;
        return complete == lanes ? PtxStep.Next : PtxStep.Yield;
    }
}
