using PerCo.Engine.Verification.Cases;

namespace PerCo.Engine.Verification;

/// <summary>The kinds of case that there are, in the order in which they run.</summary>
internal static class CaseKinds
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<CaseKind> All { get; } =
    [
        new VaeCase(),
        new UNetCase(),
        new HyperEncoderCase(),
        new TextEncoderCase(),
        new SchedulersCase(),
        new TorchNoiseCase(),
        new Blip2Case(),
        new BitstreamsCase(),
        new DecodeCase(),
        new MiniCase(),
        new FullCase(),
    ];
}
