using PerCo.Engine.Backends;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;
using Network = PerCo.Engine.Networks.UNet.UNet;

namespace PerCo.Engine.Tests.Networks.UNet;

/// <summary>The U-Net against PerCo (SD) over diffusers 0.27.</summary>
public sealed class UNetTests
{
    private static UNetConfig Config => UNetConfig.Read(ConfigReader.Load(TestPaths.Goldens("unet/model/config.json")));

    private static SyntheticWeights Weights => NetworkCase.Weights(TestPaths.Goldens("unet/model/parameters.json"));

    // 2: a latent of 13×19, so that every up-sampling has an odd target; 3: features up-sampled 4.5-fold.
    [Theory]
    [InlineData("reference", 2)]
    [InlineData("cpu", 2)]
    [InlineData("cpu", 3)]
    public void PredictsLikePerCoSd(string name, int index)
    {
        using NetworkCase golden = NetworkCase.Open("unet/io.safetensors");
        using Backend backend = NetworkBackends.Create(name);
        using var unet = new Network(backend, Config, Weights);
        using Tensor prediction = Predict(unet, golden, backend, index);
        Assert.InRange(golden.Error($"out{index}", prediction), 0, NetworkBackends.ToleranceOf(backend));
    }

    [Fact]
    public void BlocksAreLikeDiffusers()
    {
        using NetworkCase golden = NetworkCase.Open("unet/taps.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        CheckTaps(golden, backend);
    }

    [SkippableFact]
    public void AllBlocksAndCasesAreLikeDiffusers()
    {
        using NetworkCase golden = NetworkCase.OpenShared("unet/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        CheckTaps(golden, backend);
        using var unet = new Network(backend, Config, Weights);
        using Tensor prediction = Predict(unet, golden, backend, 1);
        Assert.InRange(golden.Error("out1", prediction), 0, NetworkBackends.Tolerance);
    }

    [Fact]
    public void ConvolutionalProjectionsAreTheSameMatrices()
    {
        using NetworkCase golden = NetworkCase.Open("unet/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        var weights = new EditedWeights(Weights);
        foreach (string key in weights.Keys.Where(k => k.Contains(".proj_in.w") || k.Contains(".proj_out.w")).ToList())
        {
            Assert.True(weights.TryGet(key, out HostTensor? matrix));
            var shape = new Shape(matrix.Shape[0], matrix.Shape[1], 1, 1);
            weights.Replace(key, new HostTensor(key, matrix.Type, shape, matrix.Bytes));
        }

        using var unet = new Network(backend, Config, weights);
        using Tensor prediction = Predict(unet, golden, backend, 2);
        Assert.InRange(golden.Error("out2", prediction), 0, NetworkBackends.Tolerance);
    }

    // A transformer block whose projections back to its input are zero changes nothing, so that the reference's output
    // holds for a network with more of them. The middle takes the lowest resolution's number.
    [Fact]
    public void ResolutionsHaveTheirOwnNumbersOfTransformerBlocks()
    {
        using NetworkCase golden = NetworkCase.Open("unet/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        var weights = new EditedWeights(Weights);
        AddIdentities(weights, "down_blocks.0.", 1);
        AddIdentities(weights, "up_blocks.3.", 1);
        AddIdentities(weights, "mid_block.", 2);
        using var unet = new Network(backend, Config with { TransformerLayersPerBlock = [2, 1, 1, 3] }, weights);
        using Tensor prediction = Predict(unet, golden, backend, 2);
        Assert.InRange(golden.Error("out2", prediction), 0, NetworkBackends.Tolerance);
    }

    [Fact]
    public void FeaturesOfOnePictureServeTheWholeBatchAndNullMeansZeros()
    {
        using NetworkCase golden = NetworkCase.Open("unet/taps.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        using var unet = new Network(backend, Config, Weights);
        using Tensor sample = golden.Upload(backend, "sample0");
        using Tensor context = golden.Upload(backend, "context0");
        using Tensor local = golden.Upload(backend, "local0");

        float[] one = local.ToFloats()[..(int)(local.Shape.Count / 2)];
        using Tensor shared = backend.Upload(new Shape(1, 4, 4, 40), one);
        using Tensor repeated = backend.Upload(local.Shape, [.. one, .. one]);
        Assert.Equal(Run(repeated), Run(shared));

        using Tensor zeros = backend.Upload(local.Shape, new float[local.Shape.Count]);
        Assert.True(NetworkCase.Error(Run(zeros), Run(null)) < 1e-6);

        float[] Run(Tensor? features)
        {
            using UNetConditions conditions = unet.Prepare(context, features, 16, 16);
            using Tensor prediction = unet.Forward(sample, 500, conditions);
            return prediction.ToFloats();
        }
    }

    [Fact]
    public void EachEntryOfABatchHasItsOwnTimestep()
    {
        using NetworkCase golden = NetworkCase.Open("unet/taps.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        using var unet = new Network(backend, Config, Weights);
        using Tensor sample = golden.Upload(backend, "sample0");
        using Tensor context = golden.Upload(backend, "context0");
        using UNetConditions conditions = unet.Prepare(context, null, 16, 16);
        using Tensor first = unet.Forward(sample, 10, conditions);
        using Tensor second = unet.Forward(sample, 900.5f, conditions);
        using Tensor both = unet.Forward(sample, [10, 900.5f], conditions);
        int half = (int)(both.Shape.Count / 2);
        Assert.Equal(first.ToFloats()[..half], both.ToFloats()[..half]);
        Assert.Equal(second.ToFloats()[half..], both.ToFloats()[half..]);
    }

    [Fact]
    public void AllMemoryComesBackAndASecondStepTakesNoMore()
    {
        using NetworkCase golden = NetworkCase.Open("unet/taps.safetensors");
        using var backend = (HostBackend)NetworkBackends.Create("cpu");
        using var unet = new Network(backend, Config, Weights);
        long before = backend.MemoryInUse;
        using (Tensor sample = golden.Upload(backend, "sample0"))
        using (Tensor context = golden.Upload(backend, "context0"))
        using (Tensor local = golden.Upload(backend, "local0"))
        using (UNetConditions conditions = unet.Prepare(context, local, 16, 16))
        {
            long prepared = backend.MemoryInUse;
            unet.Forward(sample, 999, conditions).Dispose();
            Assert.Equal(prepared, backend.MemoryInUse);

            long blocks = backend.Arena.SystemAllocations;
            long managed = GC.GetAllocatedBytesForCurrentThread();
            unet.Forward(sample, 999, conditions).Dispose();
            Assert.Equal(blocks, backend.Arena.SystemAllocations);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 256 << 10);
        }

        Assert.Equal(before, backend.MemoryInUse);
    }

    [Fact]
    public void StableDiffusionsOwnUNetIsRefused()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        var plain = new EditedWeights(Weights);
        plain.RemoveWhere(key => key == "conv_in_extended.weight");
        PerCoException missing = Assert.Throws<PerCoException>(() => new Network(backend, Config, plain));
        Assert.Contains("'conv_in_extended.weight' is missing", missing.Message);

        plain.Replace("conv_in_extended.weight", HostTensor.FromFloats("w", new Shape(32, 4, 3, 3), new float[1152]));
        PerCoException narrow = Assert.Throws<PerCoException>(() => new Network(backend, Config, plain));
        Assert.Contains("[32,more than 4,3,3]", narrow.Message);
    }

    [Fact]
    public void ShapesThatDoNotFitAreRefused()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        using var unet = new Network(backend, Config, Weights);
        Assert.Equal(40, unet.LocalChannels);
        using Tensor context = backend.Upload(new Shape(2, 1, 48), new float[96]);
        using Tensor three = backend.Upload(new Shape(3, 1, 1, 40), new float[120]);
        using Tensor narrow = backend.Upload(new Shape(2, 1, 1, 39), new float[78]);
        using Tensor sample = backend.Allocate(new Shape(2, 8, 9, 4));
        Assert.Throws<ArgumentException>(() => unet.Prepare(context, three, 8, 8));
        Assert.Throws<ArgumentException>(() => unet.Prepare(context, narrow, 8, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => unet.Prepare(context, null, 0, 8));
        using UNetConditions square = unet.Prepare(context, null, 8, 8);
        using UNetConditions wide = unet.Prepare(context, null, 8, 9);
        Assert.Throws<ArgumentException>(() => unet.Forward(sample, 1, square));
        Assert.Throws<ArgumentException>(() => unet.Forward(sample, [1], wide));
    }

    private static void AddIdentities(EditedWeights weights, string prefix, int count)
    {
        const string First = ".transformer_blocks.0.";
        foreach (string key in weights.Keys.Where(k => k.StartsWith(prefix) && k.Contains(First)).ToList())
        {
            Assert.True(weights.TryGet(key, out HostTensor? tensor));
            bool back = key.Contains(".to_out.") || key.Contains(".ff.net.2.");
            HostTensor copy = back ? HostTensor.FromFloats(key, tensor.Shape, new float[tensor.Shape.Count]) : tensor;
            for (int i = 1; i <= count; i++)
            {
                weights.Replace(key.Replace(First, $".transformer_blocks.{i}."), copy);
            }
        }
    }

    private static void CheckTaps(NetworkCase golden, Backend backend)
    {
        using var unet = new Network(backend, Config, Weights);
        var taps = new TapChecker(golden, NetworkBackends.Tolerance);
        unet.Tap = taps.Check;
        using Tensor prediction = Predict(unet, golden, backend, 0);
        taps.RequireAll();
        Assert.InRange(golden.Error("out0", prediction), 0, NetworkBackends.Tolerance);
    }

    private static Tensor Predict(Network unet, NetworkCase golden, Backend backend, int index)
    {
        using Tensor sample = golden.Upload(backend, $"sample{index}");
        using Tensor context = golden.Upload(backend, $"context{index}");
        using Tensor local = golden.Upload(backend, $"local{index}");
        float timestep = golden[$"timestep{index}"].ToInt64s()[0];
        using UNetConditions conditions = unet.Prepare(context, local, sample.Shape.Height, sample.Shape.Width);
        return unet.Forward(sample, timestep, conditions);
    }
}
