using PerCo.Engine.Backends;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;

namespace PerCo.Engine.Peers.Engine;

/// <summary>The autoencoder's decoder at Stable Diffusion's width: a square latent to a picture.</summary>
internal sealed class VaeWork : EngineWork
{
    private readonly Vae _vae;
    private readonly Tensor _latent;

    public VaeWork(WorkLine line, Backend backend)
    {
        int side = line.Int("side");
        using CaseModel model = SyntheticNetworks.Open("vae");
        _vae = new Vae(backend, VaeConfig.Read(model.Config), model.Weights);
        _vae.LoadDecoder();
        _latent = Input(backend, "latent", new Shape(1, 4, side, side), 4);
    }

    public override string Detail => SyntheticNetworks.Weights(_vae.WeightBytes);

    protected override Tensor Compute() => _vae.Decode(_latent);

    protected override void Dispose(bool disposing)
    {
        _latent.Dispose();
        _vae.Dispose();
    }
}
