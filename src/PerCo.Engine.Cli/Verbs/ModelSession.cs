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

    public PerCoModel Model => _model ??= Open();

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
            PerCoModel model = options.OpenModel(parsed, _backend, messages);
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
