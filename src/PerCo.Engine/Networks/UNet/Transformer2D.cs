using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// Transformer blocks over the positions of a feature map, between two projections and onto the input (diffusers
/// Transformer2DModel). The projections are matrices or 1×1 convolutions in the checkpoint
/// (<c>use_linear_projection</c>), which are the same over channels that lie innermost.
/// </summary>
internal sealed class Transformer2D
{
    // A constant of the class; norm_eps of the config is the residual blocks'.
    private const float Epsilon = 1e-6f;

    private readonly GroupNorm _norm;
    private readonly Linear _projIn;
    private readonly BasicTransformerBlock[] _blocks;
    private readonly Linear _projOut;
    private readonly TapPoint _tap;

    public Transformer2D(LayerScope scope, UNetLevel level, UNetConfig config, List<CrossAttention> crossAttentions)
    {
        int channels = level.Channels;
        var spec = new AttentionSpec(level.Heads, 1 / MathF.Sqrt(channels / level.Heads))
        {
            Upcast = config.UpcastAttention,
        };
        _norm = new GroupNorm(scope["norm"], channels, config.NormNumGroups, Epsilon);
        _projIn = new Linear(scope["proj_in"], channels, channels, bias: true);
        _blocks = new BasicTransformerBlock[level.TransformerLayers];
        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new BasicTransformerBlock(
                scope["transformer_blocks"][i], channels, level.ContextChannels, spec, crossAttentions);
        }

        _projOut = new Linear(scope["proj_out"], channels, channels, bias: true);
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x, UNetConditions conditions)
    {
        // 1. Input
        using var hidden = new HiddenState(_norm.Forward(x));
        hidden.Next(_projIn.Forward(hidden.Value));

        // 2. Blocks
        foreach (BasicTransformerBlock block in _blocks)
        {
            hidden.Next(block.Forward(hidden.Value, conditions));
        }

        // 3. Output
        hidden.Next(_projOut.Forward(hidden.Value, residual: x));
        return _tap.Report(hidden.Take());
    }
}
