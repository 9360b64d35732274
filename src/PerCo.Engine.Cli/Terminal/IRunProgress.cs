using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>What a run tells its progress display.</summary>
internal interface IRunProgress : IProgress<CodecProgress>
{
    /// <summary>A file begins.</summary>
    void Begin(string name);

    /// <summary>A file has ended.</summary>
    /// <param name="worked">Whether it took time; what is skipped must not make the rest look quick.</param>
    void End(bool worked);
}
