using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>
/// Prints how memory will be used, unless it was just printed: to those who ask for details, and to all where it is the
/// system that has too little.
/// </summary>
internal sealed class MemoryNotes(Messages messages)
{
    private string? _printed;

    /// <summary>A plan that work begins by.</summary>
    public void Add(MemoryPlan plan)
    {
        string text = plan.ToString();
        if (text == _printed)
        {
            return;
        }

        _printed = text;
        messages.Detail(text);
        if (plan.Limit.IsSystems && !plan.IsUsual)
        {
            messages.Note($"percoengine: {plan.Notice}; --memory sets another limit");
        }
    }
}
