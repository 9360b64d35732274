using PerCo.Engine.IO;
using Xunit;

namespace PerCo.Engine.Tests.IO;

public sealed class Crc32Tests
{
    [Fact]
    public void CheckValue() => Assert.Equal(0xCBF43926u, Crc32.Compute("123456789"u8));

    [Fact]
    public void Empty() => Assert.Equal(0u, Crc32.Compute([]));

    [Fact]
    public void InParts() => Assert.Equal(0xCBF43926u, Crc32.Append(Crc32.Compute("1234"u8), "56789"u8));
}
