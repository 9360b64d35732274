namespace PerCo.Engine.Peers.Comparing;

/// <summary>What decoding with PerCo-Mini starts from: an encoded photograph.</summary>
internal static class DecodeOperands
{
    /// <summary>The small model's folder.</summary>
    public const string Model = "models/perco-mini";

    private const string Picture = "examples/kodim23.png";

    /// <summary>Encodes the photograph, in a process of its own, and returns the words of the work's line.</summary>
    public static string Make(string folder, int threads)
    {
        string file = Path.Combine(folder, "picture.perco");
        using PeerProcess encoder = PeerProcess.Start("engine", threads);
        encoder.Ask("encode", Model, Picture, file);
        return $"model={Model} file={file}";
    }
}
