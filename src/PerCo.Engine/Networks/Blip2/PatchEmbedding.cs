using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// A picture as a sequence: a class token, then one token a patch, plus positions; below
/// <c>vision_model.embeddings</c>.
/// </summary>
internal sealed class PatchEmbedding
{
    private readonly Conv2d _patches;
    private readonly EmbeddingWeights _classToken;
    private readonly EmbeddingWeights _patchPositions;
    private readonly int[] _patchIds;
    private readonly VisionConfig _config;

    public PatchEmbedding(LayerScope scope, VisionConfig config)
    {
        _config = config;
        int hidden = config.HiddenSize, patches = config.Patches;
        _patches = new Conv2d(
            scope["patch_embedding"], 3, hidden, config.PatchSize, config.PatchSize, Padding.All(0), bias: true);
        HostTensor token = scope.Weights.Get("class_embedding", new Shape(1, 1, hidden));
        HostTensor positions = scope.Weights.Get("position_embedding", new Shape(1, patches + 1, hidden));

        // The class token's own position never changes, so it is added here once.
        float[] first = token.ToFloats();
        float[] firstPosition = Rows(positions, 0, 1).ToFloats();
        for (int i = 0; i < hidden; i++)
        {
            first[i] += firstPosition[i];
        }

        _classToken = scope.Own(
            scope.Backend.PrepareEmbedding(HostTensor.FromFloats(token.Name, new Shape(1, hidden), first)));
        _patchPositions = scope.Own(scope.Backend.PrepareEmbedding(Rows(positions, 1, patches)));
        _patchIds = [.. Enumerable.Range(0, patches)];
    }

    /// <summary>[batch, size, size, 3] → [batch, 1 + patches, hidden].</summary>
    public Tensor Forward(Tensor pixels)
    {
        var backend = pixels.Backend;
        int batch = pixels.Shape.Batch, patches = _patchIds.Length;

        // 1. Patches and their positions                         [batch, size / patch, size / patch, hidden]
        using Tensor positions = backend.Embed(_patchIds, _patchPositions);
        using Tensor embedded = _patches.Forward(pixels, new Conv2dOperands { Residual = positions });

        // 2. The class token in front of them                    [batch, 1 + patches, hidden]
        using Tensor classTokens = backend.Embed(new int[batch], _classToken, batch);
        using Tensor result = backend.Allocate(new Shape(batch, 1 + patches, _config.HiddenSize));
        backend.CopyTokens(classTokens, 0, 1, result, 0);
        backend.CopyTokens(embedded, 0, patches, result, 1);
        return result.Move();
    }

    private static HostTensor Rows(HostTensor positions, int start, int count)
    {
        int hidden = positions.Shape[2];
        int rowBytes = checked(hidden * positions.Type.Size());
        return new HostTensor(
            positions.Name, positions.Type, new Shape(count, hidden),
            positions.Bytes.Slice(checked(start * rowBytes), checked(count * rowBytes)));
    }
}
