using System.CommandLine;
using PerCo.Engine.Backends;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>One model for a whole run, opened when the first file needs it: where all is done, none is.</summary>
internal sealed class ModelSession(CommonOptions options, ParseResult parsed, Messages messages) : IDisposable
{
    private Backend? _backend;
    private PerCoModel? _model;
    private string? _printed;

    public PerCoModel Model => _model ??= Open();

    /// <summary>
    /// Prints how memory will be used, unless it was just printed: to those who ask for details, and to all where it is
    /// the system that has too little.
    /// </summary>
    public void Plan(Func<PerCoModel, MemoryPlan?> plan)
    {
        if (plan(Model) is not { } planned || planned.ToString() is not { } text || text == _printed)
        {
            return;
        }

        messages.Detail(text);
        _printed = text;
        if (planned.Limit.IsSystems && !planned.IsUsual)
        {
            messages.Note($"percoengine: {planned.Notice}; --memory sets another limit");
        }
    }

    public void Dispose()
    {
        _model?.Dispose();
        _backend?.Dispose();
    }

    private PerCoModel Open()
    {
        try
        {
            _backend ??= options.CreateBackend(parsed, messages);
            PerCoModel model = options.OpenModel(parsed, _backend);
            messages.Detail(
                $"model {model.Folder.Id} ({model.Folder.Identity:x8}) of {model.Folder.Path} on {_backend.Name}: "
                + _backend.Description);
            return model;
        }
        catch (PerCoException e)
        {
            throw new SessionException(e);
        }
    }
}
