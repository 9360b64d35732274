using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using Xunit;

namespace PerCo.Engine.Tests.Verification;

/// <summary>Bits and hashes are those of synth.py, the definition that the reference cases were made with.</summary>
public sealed class SyntheticTensorsTests
{
    [Theory]
    [InlineData("", 0xcbf29ce484222325)]
    [InlineData("dev/conv_in.weight", 0xf0a6406b68bc0c2b)]
    [InlineData("größe/日本", 0xf963e20b275855ef)]
    public void HashesNames(string name, ulong hash) => Assert.Equal(hash, SyntheticTensors.Hash(name));

    [Fact]
    public void GivesInputs() => AssertBits(
        [0x3e987720, 0xbdc1f5f0, 0x3ec26f20, 0xbf2a6428, 0x3ec487b4, 0x3f147926],
        SyntheticTensors.Tensor("input.x", new Shape(1, 2, 3)));

    [Fact]
    public void GivesParametersByRankAndName()
    {
        AssertBits(
            [0x3eb5dc0c, 0x3f429006, 0x3f787f34, 0xbefedf24, 0x3f332774, 0x3e90aeb0],
            SyntheticTensors.Parameter("dev/conv_in.weight", new Shape(2, 3, 1, 1)));
        AssertBits(
            [0x3f824d55, 0x3f7fb38c, 0x3f6d1fa1, 0x3f8b04c7, 0x3f87a4a5],
            SyntheticTensors.Parameter("dev/norm.weight", new Shape(5)));
        AssertBits(
            [0x3d27ccbd, 0x3dbc3abd, 0xbc9ca43a, 0x3d1c9430, 0xbc3750da],
            SyntheticTensors.Parameter("dev/norm.bias", new Shape(5)));
        AssertBits([0x3f68ef54], SyntheticTensors.Parameter("dev/scale.weight", new Shape([])));
        AssertBits([0x3c170327], SyntheticTensors.Parameter("dev/logit_scale", new Shape([])));
        Assert.Empty(SyntheticTensors.Parameter("dev/none.weight", new Shape(0, 3)));
    }

    /// <summary>Large enough for several chunks, with a tail that fills no vector.</summary>
    [Fact]
    public void GivesTheSameBitsInChunksAndTails()
    {
        AssertHash(
            "6587d109759e3c20c71c1adb373a99f96bb15d284323be23935ddddf0f5e4a14",
            SyntheticTensors.Parameter("dev/big.weight", new Shape(1280, 1283)));
        AssertHash(
            "a5d6079f012aa6418ec71caffe85c0d593b5991fe1263cc683d1c2d5e7993c15",
            SyntheticTensors.Parameter("dev/big.norm.weight", new Shape(300001)));
        AssertHash(
            "1cefd5350c23c869878ea329e9cf45edebef304623f71543a6d11139d79fc248",
            SyntheticTensors.Parameter("dev/big.bias", new Shape(300001)));
        AssertHash(
            "299cdc994609b096058727d70987559f2d341cc1149a4cb21ace6b4ce3eef9c3",
            SyntheticTensors.Tensor("input.x", new Shape(1, 4, 64, 63)));
    }

    [Fact]
    public void EveryLengthBeginsAlike()
    {
        float[] all = SyntheticTensors.Tensor("x", new Shape(64));
        for (int length = 0; length <= 64; length++)
        {
            Assert.Equal(all[..length], SyntheticTensors.Tensor("x", new Shape(length)));
        }
    }

    [Fact]
    public void LengthAndShapeMustAgree() => Assert.Throws<ArgumentException>(
        () => SyntheticTensors.FillParameter("x", new Shape(2, 3), new float[5]));

    private static void AssertBits(uint[] expected, float[] actual)
        => Assert.Equal(expected, Array.ConvertAll(actual, BitConverter.SingleToUInt32Bits));

    private static void AssertHash(string expected, float[] actual)
        => Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(actual))));
}
