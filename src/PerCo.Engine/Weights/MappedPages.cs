using System.Runtime.InteropServices;

namespace PerCo.Engine.Weights;

/// <summary>
/// Takes pages of a mapped file out of the process once their values were copied: otherwise a checkpoint counts twice
/// while it is loaded. Touching them again reads the file again.
/// </summary>
internal static unsafe partial class MappedPages
{
    /// <summary>MADV_DONTNEED of Linux; elsewhere the number or its meaning is another.</summary>
    private const int DoNotNeed = 4;

    /// <summary>Unloads the whole pages of a range.</summary>
    public static void Unload(byte* start, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        nuint page = (nuint)Environment.SystemPageSize;
        nuint first = ((nuint)start + page - 1) / page * page;
        nuint end = ((nuint)start + (nuint)length) / page * page;
        if (end > first)
        {
            // Advice: a refusal changes nothing but the memory that is in use.
            _ = Advise(first, end - first, DoNotNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
