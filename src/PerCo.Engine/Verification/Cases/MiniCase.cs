using PerCo.Engine.Codec;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// The whole pipeline of an installed model on photographs: what the encoder makes of a picture, and the picture that
/// the decoder draws of the reference's codes and caption. The two halves are separate, so that a missing photograph
/// leaves the decoder's.
/// </summary>
internal sealed class MiniCase : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "mini";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["case.json"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        string id = context.Description.String("model", "");
        if (context.Options.ModelFolder is not { } folder || !Directory.Exists(folder))
        {
            context.Skip("all", $"needs the model '{id}', and none is installed");
            return;
        }

        using PerCoModel model = PerCoModel.Open(folder, context.Backend);
        if (model.Folder.Id != id)
        {
            context.Skip("all", $"needs the model '{id}', the installed one is '{model.Folder.Id}'");
            return;
        }

        context.Part("captioner_tokenizer", () => Tokenize(context, model.Folder));
        foreach (ConfigReader description in context.Description.Sections("cases"))
        {
            string name = Path.GetFileNameWithoutExtension(description.String("image", ""));
            if (!File.Exists(context.FileOf($"{name}.safetensors")))
            {
                context.Skip(name, $"{name}.safetensors is missing");
                continue;
            }

            context.Part(name, () =>
            {
                using var picture = new MiniPicture(context, model, description, name);
                context.Part($"{name} encoder", picture.Encode);
                context.Part($"{name} decoder", picture.Decode);
            });
        }
    }

    private static void Tokenize(CaseContext context, ModelFolder model)
    {
        ConfigReader[] entries = context.Description.Sections("captioner_tokenizer");
        if (entries.Length == 0 || model.CaptionerFolder is null)
        {
            return;
        }

        Gpt2Tokenizer tokenizer = Gpt2Tokenizer.Load(model.CaptionerFolder);
        int wrong = 0;
        foreach (ConfigReader entry in entries)
        {
            int[] expected = entry.Ints("ids", []);
            wrong += tokenizer.Encode(entry.String("text", "")).AsSpan().SequenceEqual(expected) ? 0 : 1;
            wrong += tokenizer.Decode(expected, skipSpecialTokens: true) == entry.String("decoded", "") ? 0 : 1;
        }

        context.Add("captioner_tokenizer", Measure.Differences, wrong, 0);
    }
}
