using System.Runtime.InteropServices;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// A device that executes PTX on the processor, and is as unkind as the ISA allows: memory that was never written is
/// not a number, accesses outside of allocations are faults, asynchronous work is late, and warps run in any order.
/// </summary>
internal sealed unsafe class PtxDevice : IDisposable
{
    /// <summary>Not a number as fp32, as two fp16 and as two bf16.</summary>
    public const uint Poison = 0x7FFF7FFF;

    private readonly Lock _lock = new();
    private readonly SortedList<ulong, ulong> _allocations = [];
    private ulong[] _starts = [];
    private ulong[] _ends = [];
    private int _changes;

    /// <summary>An allocation that an instruction has met, to find it again at once.</summary>
    public readonly record struct Met(ulong Start, ulong End, int Changes);

    /// <summary>Whether unordered accesses to shared memory are looked for; takes longer.</summary>
    public bool DetectRaces { get; init; } = true;

    /// <summary>Other orders of warps.</summary>
    public int Seed { get; init; }

    /// <summary>Kernels that have run, and how often.</summary>
    public Dictionary<string, int> Launches { get; } = [];

    /// <summary>Device memory.</summary>
    public nint Allocate(nuint bytes)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc(bytes + sizeof(uint), 256);
        new Span<uint>(memory, (int)((bytes / sizeof(uint)) + 1)).Fill(Poison);
        lock (_lock)
        {
            _allocations.Add((ulong)memory, (ulong)memory + bytes);
            Publish();
        }

        return (nint)memory;
    }

    /// <summary>Gives memory back; false where there is none at this address.</summary>
    public bool Free(nint memory)
    {
        lock (_lock)
        {
            if (!_allocations.Remove((ulong)memory))
            {
                return false;
            }

            Publish();
        }

        NativeMemory.AlignedFree((void*)memory);
        return true;
    }

    /// <summary>Whether these bytes belong to one allocation.</summary>
    public bool Has(nint address, nuint bytes)
    {
        int at = LastBefore((ulong)address);
        return at >= 0 && (ulong)address + bytes <= _ends[at];
    }

    /// <summary>Checks an access to device memory.</summary>
    /// <param name="address">Where.</param>
    /// <param name="bytes">How much, which is its alignment too.</param>
    /// <param name="last">The allocation of the instruction's last access.</param>
    /// <exception cref="PtxFault">It is outside of all allocations, or not aligned.</exception>
    public void Check(ulong address, int bytes, ref Met last)
    {
        if (address % (ulong)bytes != 0)
        {
            throw new PtxFault($"{bytes} bytes of device memory at {address:x}, which is not aligned");
        }

        Met met = last;
        if (address >= met.Start && address + (ulong)bytes <= met.End && met.Changes == _changes)
        {
            return;
        }

        int at = LastBefore(address);
        if (at < 0 || address + (ulong)bytes > _ends[at])
        {
            string near = at < 0 ? "before all allocations"
                : $"{address - _starts[at]} bytes into an allocation of {_ends[at] - _starts[at]}";
            throw new PtxFault($"{bytes} bytes of device memory at {address:x}: {near}");
        }

        last = new Met(_starts[at], _ends[at], _changes);
    }

    /// <summary>Runs all groups of a launch.</summary>
    /// <exception cref="PtxFault">A kernel did what is not allowed.</exception>
    public void Run(PtxLaunch launch)
    {
        lock (_lock)
        {
            Launches[launch.Kernel.Name] = Launches.GetValueOrDefault(launch.Kernel.Name) + 1;
        }

        int groups = launch.GroupsX * launch.GroupsY * launch.GroupsZ;
        int workers = Math.Min(Environment.ProcessorCount, groups);
        PtxFault? first = null;
        Parallel.For(0, workers, worker =>
        {
            using var group = new PtxGroup(launch);
            for (int i = worker; i < groups && first is null; i += workers)
            {
                try
                {
                    group.Run(
                        i % launch.GroupsX, i / launch.GroupsX % launch.GroupsY,
                        i / (launch.GroupsX * launch.GroupsY));
                }
                catch (PtxFault fault)
                {
                    Interlocked.CompareExchange(ref first, fault, null);
                    return;
                }
            }
        });
        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>Gives back what is left.</summary>
    public void Dispose()
    {
        foreach (nint memory in _allocations.Keys.Select(start => (nint)start).ToArray())
        {
            _ = Free(memory);
        }
    }

    // The allocation that starts at an address or last before it; -1 where there is none.
    private int LastBefore(ulong address)
    {
        int at = Array.BinarySearch(_starts, address);
        return at < 0 ? ~at - 1 : at;
    }

    private void Publish()
    {
        _starts = [.. _allocations.Keys];
        _ends = [.. _allocations.Values];
        _changes++;
    }
}
