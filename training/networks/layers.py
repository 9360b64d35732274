"""Blocks shared by the autoencoder and the U-Net; attribute names are the checkpoint's key names (diffusers)."""
import torch
import torch.nn.functional as F
from torch import nn


class GroupNorm(nn.GroupNorm):
    """Group normalisation in the type of its input's statistics: fp32 under autocast."""

    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):
            return F.group_norm(x.float(), self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(nn.LayerNorm):
    """Layer normalisation in fp32 under autocast."""

    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):
            return F.layer_norm(x.float(), self.normalized_shape, self.weight, self.bias, self.eps)


def attend(query, key, value, heads, causal=False, mask=None):
    """[B, N, C] x [B, M, C] x [B, M, C] -> [B, N, C]; the softmax is taken in fp32."""
    def split(t):
        return t.reshape(t.shape[0], t.shape[1], heads, -1).transpose(1, 2)

    q, k, v = split(query), split(key), split(value)
    scores = (q @ k.transpose(-1, -2)).float() * q.shape[-1] ** -0.5
    if causal:
        n, m = scores.shape[-2:]
        future = torch.ones(n, m, dtype=torch.bool, device=scores.device).triu(m - n + 1)
        scores = scores.masked_fill(future, float("-inf"))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    out = scores.softmax(-1).to(v.dtype) @ v
    return out.transpose(1, 2).reshape(query.shape[0], query.shape[1], -1)


class Attention(nn.Module):
    """Multi-head attention with diffusers' names: to_q, to_k, to_v, to_out.0."""

    def __init__(self, channels, context=None, heads=1, bias=False, groups=None, eps=1e-6):
        super().__init__()
        self.heads = heads
        if groups is not None:
            self.group_norm = GroupNorm(groups, channels, eps)
        self.to_q = nn.Linear(channels, channels, bias=bias)
        self.to_k = nn.Linear(context or channels, channels, bias=bias)
        self.to_v = nn.Linear(context or channels, channels, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x, context=None):
        context = x if context is None else context
        return self.to_out[0](attend(self.to_q(x), self.to_k(context), self.to_v(context), self.heads))


class SpatialAttention(Attention):
    """The autoencoder's single-head self-attention over positions, with its own norm and residual."""

    def __init__(self, channels, groups):
        super().__init__(channels, bias=True, groups=groups)

    def forward(self, x):
        b, c, h, w = x.shape
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        return x + super().forward(tokens).transpose(1, 2).reshape(b, c, h, w)


class ResnetBlock(nn.Module):
    """norm, SiLU, conv (plus time), norm, SiLU, conv, and the shortcut."""

    def __init__(self, channels_in, channels_out, groups, eps, time=None):
        super().__init__()
        self.norm1 = GroupNorm(groups, channels_in, eps)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        if time is not None:
            self.time_emb_proj = nn.Linear(time, channels_out)
        self.norm2 = GroupNorm(groups, channels_out, eps)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else None

    def forward(self, x, time=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if time is not None:
            h = h + self.time_emb_proj(F.silu(time))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Downsample(nn.Module):
    """Stride-2 convolution; the autoencoder pads right and below only, the U-Net on all sides."""

    def __init__(self, channels, padding):
        super().__init__()
        self.padding = padding
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x):
        return self.conv(x if self.padding else F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Nearest neighbour to twice the size (or a given one), then a convolution."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, size=None):
        size = (2 * x.shape[-2], 2 * x.shape[-1]) if size is None else tuple(size)
        return self.conv(F.interpolate(x, size=size, mode="nearest"))
