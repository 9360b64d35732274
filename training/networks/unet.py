"""PerCo's U-Net: Stable Diffusion's, whose first convolution also sees the up-sampled codes (Careil et al. 2024)."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from .layers import Attention, Downsample, GroupNorm, LayerNorm, ResnetBlock, Upsample


class _GeGlu(nn.Module):
    def __init__(self, channels, inner):
        super().__init__()
        self.proj = nn.Linear(channels, 2 * inner)

    def forward(self, x):
        x, gate = self.proj(x).chunk(2, -1)
        return x * F.gelu(gate)


class _FeedForward(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.net = nn.ModuleList([_GeGlu(channels, 4 * channels), nn.Identity(), nn.Linear(4 * channels, channels)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class _TransformerBlock(nn.Module):
    def __init__(self, channels, context, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = LayerNorm(channels), LayerNorm(channels), LayerNorm(channels)
        self.attn1 = Attention(channels, heads=heads)
        self.attn2 = Attention(channels, context, heads)
        self.ff = _FeedForward(channels)

    def forward(self, x, context):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class _Transformer(nn.Module):
    def __init__(self, channels, context, heads, groups, layers):
        super().__init__()
        self.norm = GroupNorm(groups, channels, 1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList(
            [_TransformerBlock(channels, context, heads) for _ in range(layers)])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x, context):
        b, c, h, w = x.shape
        tokens = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        return x + self.proj_out(tokens).transpose(1, 2).reshape(b, c, h, w)


class _Level(nn.Module):
    """Residual blocks, each followed by a transformer where the level has them."""

    def __init__(self, inputs, channels, heads, config, attends):
        super().__init__()
        groups, time = config["norm_num_groups"], 4 * config["block_out_channels"][0]
        self.resnets = nn.ModuleList(
            [ResnetBlock(width, channels, groups, config["norm_eps"], time) for width in inputs])
        if attends:
            self.attentions = nn.ModuleList(
                [_Transformer(channels, config["cross_attention_dim"], heads, groups,
                              config["transformer_layers_per_block"]) for _ in inputs])
        self.attends = attends

    def block(self, i, x, time, context):
        x = self.resnets[i](x, time)
        return self.attentions[i](x, context) if self.attends else x


class _Middle(nn.Module):
    def __init__(self, channels, heads, config):
        super().__init__()
        groups, time = config["norm_num_groups"], 4 * config["block_out_channels"][0]
        self.attentions = nn.ModuleList([_Transformer(channels, config["cross_attention_dim"], heads, groups,
                                                      config["transformer_layers_per_block"])])
        self.resnets = nn.ModuleList(
            [ResnetBlock(channels, channels, groups, config["norm_eps"], time) for _ in range(2)])

    def forward(self, x, time, context):
        return self.resnets[1](self.attentions[0](self.resnets[0](x, time), context), time)


class _TimeEmbedding(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        self.linear_1 = nn.Linear(channels, 4 * channels)
        self.linear_2 = nn.Linear(4 * channels, 4 * channels)

    def forward(self, timesteps):
        half = self.channels // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half, device=timesteps.device) / half)
        angles = timesteps.float()[:, None] * rates
        return self.linear_2(F.silu(self.linear_1(torch.cat([angles.cos(), angles.sin()], -1))))


class UNet(nn.Module):
    """Noisy latent [B, C, h, w], timesteps [B], text [B, T, D], codes [B, Z, h', w'] -> prediction [B, C, h, w]."""

    def __init__(self, config, local_channels):
        super().__init__()
        self.config = config
        widths, layers = config["block_out_channels"], config["layers_per_block"]
        heads, levels = config["attention_head_dim"], len(config["block_out_channels"])
        attends = [name.startswith("CrossAttn") for name in config["down_block_types"]]
        self.conv_in_extended = nn.Conv2d(config["in_channels"] + local_channels, widths[0], 3, padding=1)
        self.time_embedding = _TimeEmbedding(widths[0])
        self.down_blocks, skips = nn.ModuleList(), [widths[0]]
        for i, width in enumerate(widths):
            level = _Level([widths[max(i - 1, 0)]] + [width] * (layers - 1), width, heads[i], config, attends[i])
            skips += [width] * layers
            if i + 1 < levels:
                level.downsamplers = nn.ModuleList([Downsample(width, 1)])
                skips.append(width)
            self.down_blocks.append(level)
        self.mid_block = _Middle(widths[-1], heads[-1], config)
        self.up_blocks, channels = nn.ModuleList(), widths[-1]
        for i in reversed(range(levels)):
            inputs = []
            for _ in range(layers + 1):
                inputs.append(channels + skips.pop())
                channels = widths[i]
            level = _Level(inputs, channels, heads[i], config, attends[i])
            if i > 0:
                level.upsamplers = nn.ModuleList([Upsample(channels)])
            self.up_blocks.append(level)
        self.conv_norm_out = GroupNorm(config["norm_num_groups"], widths[0], config["norm_eps"])
        self.conv_out = nn.Conv2d(widths[0], config["out_channels"], 3, padding=1)

    def forward(self, sample, timesteps, context, local):
        # 1. time
        time = self.time_embedding(timesteps)
        # 2. pre-process
        local = F.interpolate(local, size=sample.shape[-2:], mode="nearest")
        x = self.conv_in_extended(torch.cat([sample, local.to(sample.dtype)], 1))
        # 3. down
        skips = [x]
        for level in self.down_blocks:
            for i in range(len(level.resnets)):
                x = level.block(i, x, time, context)
                skips.append(x)
            if hasattr(level, "downsamplers"):
                x = level.downsamplers[0](x)
                skips.append(x)
        # 4. mid
        x = self.mid_block(x, time, context)
        # 5. up
        for level in self.up_blocks:
            for i in range(len(level.resnets)):
                x = level.block(i, torch.cat([x, skips.pop()], 1), time, context)
            if hasattr(level, "upsamplers"):
                x = level.upsamplers[0](x, skips[-1].shape[-2:])
        # 6. post-process
        return self.conv_out(F.silu(self.conv_norm_out(x)))
