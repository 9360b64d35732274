using Spectre.Console.Rendering;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>
/// A line that stands above progress bars. The bars are erased first, as they would show to the right of it, and it is
/// left to the terminal to wrap it.
/// </summary>
internal sealed class LineAbove(string text) : Renderable
{
    private const string EraseBelow = "\u001b[J";

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
        [Segment.Control(EraseBelow), new Segment(text), Segment.LineBreak];
}
