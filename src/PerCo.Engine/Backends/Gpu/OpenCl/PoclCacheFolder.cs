using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>
/// PoCL keeps compiled kernels in the user's cache folder, and refuses to make a context (CL_INVALID_DEVICE) where it
/// cannot write there: it is pointed to a temporary folder then, before it is loaded.
/// </summary>
internal static partial class PoclCacheFolder
{
    private const string Variable = "POCL_CACHE_DIR";

    public static void Prepare()
    {
        if (OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
        {
            return;
        }

        string root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/nowhere", ".cache");
        if (!CanWrite(Path.Combine(root, "pocl")))
        {
            string folder = Path.Combine(Path.GetTempPath(), $"percoengine-pocl-{Environment.UserName}");
            if (CanWrite(folder))
            {
                // .NET keeps its own copy of the environment: a native library only sees what libc's function sets.
                _ = SetEnvironment(Variable, folder, 1);
            }
        }
    }

    private static bool CanWrite(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $"probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
