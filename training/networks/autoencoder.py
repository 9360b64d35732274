"""AutoencoderKL of latent diffusion (Rombach et al. 2022), keys as in diffusers."""
import torch.nn.functional as F
from torch import nn

from .layers import Downsample, GroupNorm, ResnetBlock, SpatialAttention, Upsample

EPS = 1e-6


class _Stage(nn.Module):
    def __init__(self, channels_in, channels_out, layers, groups, down=False, up=False):
        super().__init__()
        self.resnets = nn.ModuleList(
            [ResnetBlock(channels_in if i == 0 else channels_out, channels_out, groups, EPS) for i in range(layers)])
        if down:
            self.downsamplers = nn.ModuleList([Downsample(channels_out, 0)])
        if up:
            self.upsamplers = nn.ModuleList([Upsample(channels_out)])

    def forward(self, x):
        for block in self.resnets:
            x = block(x)
        for scale in getattr(self, "downsamplers", getattr(self, "upsamplers", ())):
            x = scale(x)
        return x


class _Middle(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.attentions = nn.ModuleList([SpatialAttention(channels, groups)])
        self.resnets = nn.ModuleList([ResnetBlock(channels, channels, groups, EPS) for _ in range(2)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class _Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, groups = config["block_out_channels"], config["norm_num_groups"]
        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            [_Stage(widths[max(i - 1, 0)], width, config["layers_per_block"], groups, down=i + 1 < len(widths))
             for i, width in enumerate(widths)])
        self.mid_block = _Middle(widths[-1], groups)
        self.conv_norm_out = GroupNorm(groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config["latent_channels"], 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class _Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, groups = config["block_out_channels"][::-1], config["norm_num_groups"]
        self.conv_in = nn.Conv2d(config["latent_channels"], widths[0], 3, padding=1)
        self.mid_block = _Middle(widths[0], groups)
        self.up_blocks = nn.ModuleList(
            [_Stage(widths[max(i - 1, 0)], width, config["layers_per_block"] + 1, groups, up=i + 1 < len(widths))
             for i, width in enumerate(widths)])
        self.conv_norm_out = GroupNorm(groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], config["out_channels"], 3, padding=1)

    def forward(self, z):
        x = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    """Pictures in [-1, 1], [B, 3, H, W] <-> latents [B, C, H/8, W/8] (not yet multiplied by the scaling factor)."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.encoder = _Encoder(config)
        self.decoder = _Decoder(config)
        channels = config["latent_channels"]
        self.quant_conv = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.post_quant_conv = nn.Conv2d(channels, channels, 1)

    @property
    def scale(self):
        """What the denoiser's latents are multiplied by, so that they have unit variance."""
        return self.config["scaling_factor"]

    def encode(self, x):
        """The mean of the posterior; PerCo never samples it."""
        return self.quant_conv(self.encoder(x)).chunk(2, 1)[0]

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))
