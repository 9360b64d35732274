using PerCo.Engine.Verification;

namespace PerCo.Engine.Peers.Engine;

/// <summary>Networks of published width whose values follow from the names of their tensors.</summary>
internal static class SyntheticNetworks
{
    /// <summary>Opens unet, vae or opt.</summary>
    public static CaseModel Open(string name) =>
        CaseModel.Open(Path.Combine(AppContext.BaseDirectory, "networks", name), "peers");

    /// <summary>Memory of prepared weights, for the table.</summary>
    public static string Weights(long bytes) => $"weights={bytes}";
}
