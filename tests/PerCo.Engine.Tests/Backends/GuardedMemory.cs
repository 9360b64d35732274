using System.Runtime.InteropServices;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>Values that end where the readable memory ends: one read beyond them kills the test run.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int NoAccess = 0, ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly nint _map;
    private readonly nuint _bytes;

    public GuardedMemory(ReadOnlySpan<float> values)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Guarded memory is mapped with Linux's mmap here.");
        var page = (nuint)Environment.SystemPageSize;
        var size = (nuint)(values.Length * sizeof(float));
        nuint readable = (size + page - 1) / page * page;
        _bytes = readable + page;
        _map = Map(0, _bytes, ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, _map);
        Assert.Equal(0, Protect(_map + (nint)readable, page, NoAccess));
        Values = (float*)(_map + (nint)(readable - size));
        values.CopyTo(new Span<float>(Values, values.Length));
    }

    /// <summary>The first value.</summary>
    public float* Values { get; }

    public void Dispose() => _ = Unmap(_map, _bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
