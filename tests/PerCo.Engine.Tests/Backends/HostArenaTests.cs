using PerCo.Engine.Backends;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>Which blocks the arena keeps, seen in what it takes from the system.</summary>
public class HostArenaTests
{
    [Theory]
    [InlineData(HostArena.DefaultKeepLimit, 3)]
    [InlineData(HostArena.TwicePeak, 4)]
    public void BlocksOfManySizesDoNotPileUpBeyondTwiceThePeak(long keepLimit, long allocations)
    {
        using var arena = new HostArena { KeepLimit = keepLimit };

        // The third no longer fits beside the two that wait, of 4 and 3.6 MB, within twice 4 MB.
        foreach (int count in new[] { 1_000_000, 900_000, 800_000, 1_000_000 })
        {
            arena.Rent(count).Release();
        }

        Assert.Equal(0, arena.InUse);
        Assert.Equal(allocations, arena.SystemAllocations);
    }

    [Theory]
    [InlineData(HostArena.DefaultKeepLimit)]
    [InlineData(HostArena.TwicePeak)]
    public void ARepeatedPassAllocatesNothing(long keepLimit)
    {
        using var arena = new HostArena { KeepLimit = keepLimit };
        for (int i = 0; i < 3; i++)
        {
            arena.Rent(1_000_000).Release();
            arena.Rent(500_000).Release();
        }

        Assert.Equal(2, arena.SystemAllocations);
    }
}
