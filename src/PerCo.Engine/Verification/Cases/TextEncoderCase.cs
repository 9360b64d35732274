using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tokenizers;

namespace PerCo.Engine.Verification.Cases;

/// <summary>CLIP: texts of case.json → ids by the tokenizer, and the first ids → hidden states.</summary>
internal sealed class TextEncoderCase : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "text_encoder";

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        context.Part("ids", () => Tokenize(context));
        context.Part("hidden", () => Encode(context));
    }

    private static void Tokenize(CaseContext context)
    {
        string[] texts = context.Description.Strings("texts", []);
        string folder = context.FileOf("tokenizer");
        if (texts.Length == 0)
        {
            return;
        }

        if (!Directory.Exists(folder))
        {
            context.Skip("ids", "the folder 'tokenizer' is missing");
            return;
        }

        ClipTokenizer tokenizer = ClipTokenizer.Load(folder);
        int length = context.Arrays.ShapeOf("ids")[^1];
        long[] ids = [.. texts.SelectMany(text => tokenizer.Encode(text, length)).Select(id => (long)id)];
        context.CompareEqual("ids", ids);
    }

    private static void Encode(CaseContext context)
    {
        if (!context.Arrays.Has("hidden"))
        {
            return;
        }

        int batch = context.Arrays.ShapeOf("hidden")[0];
        int length = context.Arrays.ShapeOf("ids")[^1];
        int[] ids = context.Arrays.Indices("ids");
        using CaseModel model = context.OpenModel();
        using var encoder = new ClipTextEncoder(context.Backend, ClipTextConfig.Read(model.Config), model.Weights);
        using Tensor hidden = encoder.Forward(ids.AsSpan(0, checked(batch * length)), batch);
        context.Compare("hidden", hidden);
    }
}
