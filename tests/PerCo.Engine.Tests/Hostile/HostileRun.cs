using System.Diagnostics;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

/// <summary>
/// Reads many changed files. Each gives a result or one <see cref="PerCoException"/>; any other exception fails the
/// test, and so does a file that takes over 2 seconds or over 256 MiB.
/// </summary>
internal static class HostileRun
{
    private const long MaxBytes = 256L << 20;
    private const int Ordinary = 20_000;
    private const int Long = 1_000_000;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>Whether the tests that take many minutes were asked for.</summary>
    public static bool LongTests => Environment.GetEnvironmentVariable("PERCO_LONG_TESTS") == "1";

    /// <summary>Runs a format's share of files, spread over the originals.</summary>
    /// <param name="originals">Good files.</param>
    /// <param name="mutator">Changes them.</param>
    /// <param name="repair">Makes checksums right, or null.</param>
    /// <param name="read">Reads a file; returns normally, or throws a <see cref="PerCoException"/>.</param>
    public static void All(
        IReadOnlyList<byte[]> originals, Mutator mutator, Action<byte[]>? repair, Action<byte[]> read) =>
        All(originals, mutator, repair, (file, _) => read(file));

    /// <summary>As the other method, for a reader that is told which original a file was made from.</summary>
    public static void All(
        IReadOnlyList<byte[]> originals, Mutator mutator, Action<byte[]>? repair, Action<byte[], int> read)
    {
        for (int i = 0; i < originals.Count; i++)
        {
            read(originals[i], i);
        }

        int count = LongTests ? Long : Ordinary, good = 0, refused = 0, current = -1;
        long started = 0;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                for (int i = 0; i < count; i++)
                {
                    int original = i % originals.Count;
                    byte[] file = mutator.Mutate(originals[original], repair);
                    Volatile.Write(ref started, Stopwatch.GetTimestamp());
                    Volatile.Write(ref current, i);
                    if (One(file, i, bytes => read(bytes, original)))
                    {
                        good++;
                    }
                    else
                    {
                        refused++;
                    }
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        while (!thread.Join(1000))
        {
            Assert.True(
                Stopwatch.GetElapsedTime(Volatile.Read(ref started)) < Hang || Volatile.Read(ref current) < 0,
                $"Mutation {Volatile.Read(ref current)} does not end.");
        }

        Assert.True(failure is null, failure?.Message);
        Assert.True(good > 0 && refused > 0, $"{good} read and {refused} refused: the mutations do not vary.");
    }

    private static bool One(byte[] file, int number, Action<byte[]> read)
    {
        bool good = Try(file, number, read, out long bytes, out TimeSpan time);
        Assert.True(bytes <= MaxBytes, $"Mutation {number} took {bytes} bytes: {Start(file)}");
        if (time > MaxTime)
        {
            // Once more: other processes may have had the processor.
            Try(file, number, read, out _, out time);
            Assert.True(time <= MaxTime, $"Mutation {number} took {time}: {Start(file)}");
        }

        return good;
    }

    private static bool Try(byte[] file, int number, Action<byte[]> read, out long bytes, out TimeSpan time)
    {
        // What was allocated at all bounds what was held at once.
        long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        try
        {
            read(file);
            return true;
        }
        catch (PerCoException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            Assert.InRange(e.Message.Length, 10, 2000);
            return false;
        }
        catch (Exception e)
        {
            Assert.Fail($"Mutation {number}, {Start(file)}: {e}");
            return false;
        }
        finally
        {
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            time = Stopwatch.GetElapsedTime(start);
        }
    }

    private static string Start(byte[] file) => Convert.ToHexString(file.AsSpan(0, Math.Min(file.Length, 200)));
}
