using PerCo.Engine.Backends;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;

namespace PerCo.Engine.Peers.Engine;

/// <summary>A step of the U-Net at Stable Diffusion 2.1's width; what all steps share is done before.</summary>
internal sealed class UNetWork : EngineWork
{
    private readonly UNet _unet;
    private readonly Tensor _sample;
    private readonly UNetConditions _conditions;

    public UNetWork(WorkLine line, Backend backend)
    {
        int side = line.Int("side"), batch = line.Int("batch", 1);
        using CaseModel model = SyntheticNetworks.Open("unet");
        _unet = new UNet(backend, UNetConfig.Read(model.Config), model.Weights);
        _sample = Input(backend, "sample", new Shape(batch, 4, side, side), 1.7f);
        using Tensor text = Input(backend, "context", new Shape(batch, 77, 1024), 1.7f);
        using Tensor local = Input(backend, "local", new Shape(batch, _unet.LocalChannels, side / 2, side / 2));
        _conditions = _unet.Prepare(text, local, side, side);
    }

    public override string Detail => SyntheticNetworks.Weights(_unet.WeightBytes);

    protected override Tensor Compute() => _unet.Forward(_sample, 951, _conditions);

    protected override void Dispose(bool disposing)
    {
        _conditions.Dispose();
        _sample.Dispose();
        _unet.Dispose();
    }
}
