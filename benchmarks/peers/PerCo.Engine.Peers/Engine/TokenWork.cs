using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Peers.Engine;

/// <summary>A token of a language model of OPT-2.7b's width: from its id, behind others, to the logits.</summary>
internal sealed class TokenWork : EngineWork
{
    private const int Token = 1234;

    private readonly WeightLease _lease = new();
    private readonly OptLanguageModel _model;
    private readonly KeyValueCache _cache;
    private readonly float[] _logits;
    private readonly int _past;
    private readonly long _read;

    public TokenWork(WorkLine line, Backend backend)
    {
        _past = line.Int("past");
        using CaseModel model = SyntheticNetworks.Open("opt");
        OptConfig config = OptConfig.Read(model.Config, generation: null);
        var scope = new LayerScope(backend, new WeightScope(model.Weights), _lease);
        _model = new OptLanguageModel(scope["language_model"], config);
        _cache = new KeyValueCache(backend, config, _past + 1);
        _logits = new float[config.VocabularySize];
        using Tensor prefix = Input(backend, "prefix", new Shape(1, _past, config.HiddenSize));
        _model.Next(prefix, _cache, _logits);

        // Of the tables of tokens and positions (two of which OPT leaves out) a token reads one row each.
        _read = _lease.Bytes - (sizeof(float) * (config.VocabularySize + config.MaxPositions + 2L) * config.HiddenSize);
    }

    public override string Detail => SyntheticNetworks.Weights(_read);

    public override void Run()
    {
        _cache.Length = _past;
        using Tensor embedded = _model.Embed(Token);
        _model.Next(embedded, _cache, _logits);
    }

    public override float[] Result()
    {
        Run();
        return _logits;
    }

    protected override Tensor Compute() => throw new NotSupportedException("Logits are no tensor.");

    protected override void Dispose(bool disposing)
    {
        _cache.Dispose();
        _lease.Dispose();
    }
}
