"""BLIP-2's captioner (Li et al. 2023): vision transformer, Q-Former and OPT decoder; keys as in transformers."""
import torch
import torch.nn.functional as F
from torch import nn

from .layers import LayerNorm, attend

# transformers' defaults, which a configuration need not name
_VISION_EPS, _QFORMER_EPS, _OPT_EPS = 1e-6, 1e-12, 1e-5
# OPT's position table begins with two rows that no position uses
_OPT_OFFSET = 2


class _VisionAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        return self.projection(attend(*self.qkv(x).chunk(3, -1), self.heads))


class _Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class _VisionLayer(nn.Module):
    def __init__(self, config, dropout):
        super().__init__()
        width = config["hidden_size"]
        self.layer_norm1, self.layer_norm2 = LayerNorm(width, _VISION_EPS), LayerNorm(width, _VISION_EPS)
        self.self_attn = _VisionAttention(width, config["num_attention_heads"])
        self.mlp = _Mlp(width, config["intermediate_size"])
        self.dropout = dropout

    def forward(self, x):
        x = x + F.dropout(self.self_attn(self.layer_norm1(x)), self.dropout, self.training)
        return x + F.dropout(self.mlp(self.layer_norm2(x)), self.dropout, self.training)


class _PatchEmbedding(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, patch = config["hidden_size"], config["patch_size"]
        self.class_embedding = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch)
        count = (config["image_size"] // patch) ** 2 + 1
        self.position_embedding = nn.Parameter(torch.randn(1, count, width) * 0.02)

    def forward(self, pixels):
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_embedding.expand(len(pixels), -1, -1).to(patches.dtype), patches], 1)
        return tokens + self.position_embedding


class _Vision(nn.Module):
    def __init__(self, config, dropout):
        super().__init__()
        self.embeddings = _PatchEmbedding(config)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(
            [_VisionLayer(config, dropout) for _ in range(config["num_hidden_layers"])])
        self.post_layernorm = LayerNorm(config["hidden_size"], _VISION_EPS)
        # The share of patches that training looks at (Liu et al. 2022, PatchDropout): cost falls with it.
        self.patches = 1.0
        # The patches that the last call looked at.
        self.kept = slice(None)

    def forward(self, pixels):
        x = self.embeddings(pixels)
        self.kept = slice(None)
        if self.training and self.patches < 1:
            count = x.shape[1] - 1
            self.kept = torch.randperm(count, device=x.device)[:round(self.patches * count)]
            x = torch.cat([x[:, :1], x[:, 1 + self.kept]], 1)
        for layer in self.encoder.layers:
            x = layer(x)
        return self.post_layernorm(x)


class _Projected(nn.Module):
    """dense, added to the input, normalised: the end of every part of a Q-Former layer."""

    def __init__(self, inner, width, dropout):
        super().__init__()
        self.dense, self.LayerNorm, self.dropout = nn.Linear(inner, width), LayerNorm(width, _QFORMER_EPS), dropout

    def forward(self, x, residual):
        return self.LayerNorm(F.dropout(self.dense(x), self.dropout, self.training) + residual)


class _QFormerAttention(nn.Module):
    def __init__(self, width, context, heads, dropout):
        super().__init__()
        self.heads = heads
        self.attention = nn.Module()
        self.attention.query = nn.Linear(width, width)
        self.attention.key, self.attention.value = nn.Linear(context, width), nn.Linear(context, width)
        self.output = _Projected(width, width, dropout)

    def forward(self, x, context):
        a = self.attention
        return self.output(attend(a.query(x), a.key(context), a.value(context), self.heads), x)


class _QFormerLayer(nn.Module):
    def __init__(self, config, crosses, dropout):
        super().__init__()
        width, heads, inner = config["hidden_size"], config["num_attention_heads"], config["intermediate_size"]
        self.attention = _QFormerAttention(width, width, heads, dropout)
        self.crossattention = None
        if crosses:
            self.crossattention = _QFormerAttention(width, config["encoder_hidden_size"], heads, dropout)
        self.intermediate_query = nn.Module()
        self.intermediate_query.dense = nn.Linear(width, inner)
        self.output_query = _Projected(inner, width, dropout)

    def forward(self, x, picture):
        x = self.attention(x, x)
        if self.crossattention is not None:
            x = self.crossattention(x, picture)
        return self.output_query(F.gelu(self.intermediate_query.dense(x)), x)


class _QFormer(nn.Module):
    def __init__(self, config, dropout):
        super().__init__()
        every = config.get("cross_attention_frequency", 2)
        self.layernorm = LayerNorm(config["hidden_size"], _QFORMER_EPS)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(
            [_QFormerLayer(config, i % every == 0, dropout) for i in range(config["num_hidden_layers"])])

    def forward(self, queries, picture):
        x = self.layernorm(queries)
        for layer in self.encoder.layer:
            x = layer(x, picture)
        return x


class _OptAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return self.out_proj(attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads, causal=True))


class _OptLayer(nn.Module):
    def __init__(self, config, dropout):
        super().__init__()
        width = config["hidden_size"]
        self.self_attn = _OptAttention(width, config["num_attention_heads"])
        self.self_attn_layer_norm, self.final_layer_norm = LayerNorm(width, _OPT_EPS), LayerNorm(width, _OPT_EPS)
        self.fc1, self.fc2 = nn.Linear(width, config["ffn_dim"]), nn.Linear(config["ffn_dim"], width)
        self.dropout = dropout

    def forward(self, x):
        x = x + F.dropout(self.self_attn(self.self_attn_layer_norm(x)), self.dropout, self.training)
        h = self.fc2(F.relu(self.fc1(self.final_layer_norm(x))))
        return x + F.dropout(h, self.dropout, self.training)


class _OptDecoder(nn.Module):
    def __init__(self, config, dropout):
        super().__init__()
        width = config["hidden_size"]
        self.embed_tokens = nn.Embedding(config["vocab_size"], width)
        self.embed_positions = nn.Embedding(config["max_position_embeddings"] + _OPT_OFFSET, width)
        self.layers = nn.ModuleList([_OptLayer(config, dropout) for _ in range(config["num_hidden_layers"])])
        self.final_layer_norm = LayerNorm(width, _OPT_EPS)

    def forward(self, embedded):
        x = embedded + self.embed_positions.weight[_OPT_OFFSET:_OPT_OFFSET + embedded.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.final_layer_norm(x) @ self.embed_tokens.weight.t()


class Captioner(nn.Module):
    """Normalised pixels [B, 3, S, S] and tokens [B, T] -> logits after each token [B, T, vocabulary]."""

    def __init__(self, config, dropout=0.0):
        super().__init__()
        self.config = config
        vision, former, text = config["vision_config"], config["qformer_config"], config["text_config"]
        self.vision_model = _Vision({"image_size": 224, **vision}, dropout / 2)
        self.query_tokens = nn.Parameter(torch.randn(1, config["num_query_tokens"], former["hidden_size"]) * 0.02)
        self.qformer = _QFormer(former, dropout / 2)
        self.language_projection = nn.Linear(former["hidden_size"], text["hidden_size"])
        self.language_model = nn.Module()
        self.language_model.model = nn.Module()
        self.language_model.model.decoder = _OptDecoder(text, dropout)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def prefix(self, pixels):
        """What the picture says to the language model: [B, queries, width]."""
        return self.ask(self.vision_model(pixels))

    def ask(self, seen):
        """The queries' answers from what the vision transformer saw, in the language model's width."""
        queries = self.query_tokens.expand(len(seen), -1, -1)
        return self.language_projection(self.qformer(queries, seen))

    def forward(self, pixels, tokens):
        return self.read(self.prefix(pixels), tokens)

    def read(self, prefix, tokens):
        decoder = self.language_model.model.decoder
        embedded = torch.cat([prefix, decoder.embed_tokens(tokens).to(prefix.dtype)], 1)
        return decoder(embedded)[:, prefix.shape[1]:]

    @torch.no_grad()
    def generate(self, pixels, bos, eos, length):
        """Greedy tokens of each picture, [B, <= length], with BOS; after EOS a row repeats it."""
        prefix = self.prefix(pixels)
        tokens = torch.full((len(pixels), 1), bos, dtype=torch.long, device=pixels.device)
        ended = torch.zeros(len(pixels), dtype=torch.bool, device=pixels.device)
        while tokens.shape[1] < length and not ended.all():
            following = self.read(prefix, tokens)[:, -1].argmax(-1)
            following = torch.where(ended, torch.full_like(following, eos), following)
            tokens = torch.cat([tokens, following[:, None]], 1)
            ended |= following == eos
        return tokens
