namespace PerCo.Engine.Codec;

/// <summary>Bytes of the parts of a <c>.perco</c> file.</summary>
/// <param name="Header">Magic, version, identity, size, grid and options.</param>
/// <param name="Codes">The packed codes.</param>
/// <param name="Caption">The coded caption.</param>
/// <param name="Checksum">CRC-32.</param>
public readonly record struct PerCoFileSizes(int Header, int Codes, int Caption, int Checksum)
{
    /// <summary>The whole file.</summary>
    public int Total => Header + Codes + Caption + Checksum;
}
