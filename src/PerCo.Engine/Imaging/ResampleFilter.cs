namespace PerCo.Engine.Imaging;

/// <summary>The curve that weights source pixels when a picture is resized.</summary>
public enum ResampleFilter
{
    /// <summary>Equal weights: the mean of the area when shrinking, the nearest pixel when growing.</summary>
    Box,

    /// <summary>A triangle, two source pixels wide.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = −0.5, four source pixels wide.</summary>
    Bicubic,

    /// <summary>A sinc windowed by a wider sinc, six source pixels wide.</summary>
    Lanczos,
}
