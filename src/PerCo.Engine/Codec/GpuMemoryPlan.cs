using System.Globalization;

namespace PerCo.Engine.Codec;

/// <summary>
/// The device memory that a picture will take, known before anything is computed. Made by
/// <see cref="GpuMemoryPlanner"/>.
/// </summary>
/// <param name="Work">What is planned, for people: "768x512 pixels".</param>
/// <param name="Weights">Bytes of the prepared weights.</param>
/// <param name="Activations">Most bytes of the arena at once.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once; 0 where none are.</param>
/// <param name="BandBytes">Size of the autoencoder's bands of rows; 0 for none.</param>
internal sealed record GpuMemoryPlan(
    string Work, long Weights, long Activations, int LatentWindow, long BandBytes)
{
    private const double Mebi = 1 << 20;

    /// <summary>Bytes of both.</summary>
    public long Total => Weights + Activations;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Work} takes {Total / Mebi:0} MiB of device memory (weights {Weights / Mebi:0}, activations "
        + $"{Activations / Mebi:0}){(LatentWindow > 0 ? $", windows of {LatentWindow}" : "")}"
        + $"{(BandBytes > 0 ? $", bands of {BandBytes / Mebi:0} MiB" : "")}");
}
