"""PerCo (SD)'s hyper-encoder: latent -> features -> indices into a cosine codebook -> z_l; keys as published."""
import torch
import torch.nn.functional as F
from torch import nn


class _Bottleneck(nn.Sequential):
    """1x1 to half the channels, 3x3, 1x1 back, added to the input."""

    def __init__(self, channels):
        super().__init__(nn.Conv2d(channels, channels // 2, 1), nn.ReLU(),
                         nn.Conv2d(channels // 2, channels // 2, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(channels // 2, channels, 1))


class _Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = _Bottleneck(channels)

    def forward(self, x):
        return x + self.layers(x)


class _Unit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = _Bottleneck(channels)

    def forward(self, x):
        return F.relu(x + self.conv(x))


class _Gate(nn.Module):
    """x plus one branch times the sigmoid of the other (Cheng et al. 2020)."""

    def __init__(self, channels):
        super().__init__()
        self.conv_a = nn.Sequential(*[_Unit(channels) for _ in range(3)])
        self.conv_b = nn.Sequential(*[_Unit(channels) for _ in range(3)], nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        return x + self.conv_a(x) * torch.sigmoid(self.conv_b(x))


def _resample(channels_in, channels_out, halve):
    if halve:
        return nn.Conv2d(channels_in, channels_out, 5, stride=2, padding=2)
    return nn.Conv2d(channels_in, channels_out, 1)


class _Codebook(nn.Module):
    """Unit vectors that follow the mean of what was assigned to them; codes out of use start anew from the batch."""

    def __init__(self, size, width, decay=0.8, dead=1.0):
        super().__init__()
        self.decay, self.dead = decay, dead
        embed = F.normalize(torch.randn(1, size, width), dim=-1)
        self.register_buffer("embed", embed)
        self.register_buffer("embed_avg", embed.clone())
        self.register_buffer("cluster_size", torch.ones(1, size))
        self.register_buffer("initted", torch.ones(1))

    def nearest(self, x):
        """Unit vectors [N, D] -> the cosines [N, codes]."""
        return x @ self.embed[0].t()

    @torch.no_grad()
    def learn(self, x, indices):
        size = self.embed.shape[1]
        hits = torch.bincount(indices, minlength=size).float()
        self.cluster_size[0].lerp_(hits, 1 - self.decay)
        sums = torch.zeros_like(self.embed[0]).index_add_(0, indices, x)
        means = F.normalize(sums, dim=-1)
        self.embed_avg[0].lerp_(torch.where(hits[:, None] > 0, means, self.embed[0]), 1 - self.decay)
        self.embed[0] = F.normalize(self.embed_avg[0], dim=-1)
        unused = (self.cluster_size[0] < self.dead * 0.05).nonzero().flatten()
        if len(unused):
            fresh = x[torch.randint(len(x), (len(unused),), device=x.device)]
            self.embed[0, unused], self.embed_avg[0, unused] = fresh, fresh
            self.cluster_size[0, unused] = self.dead


class _Quantizer(nn.Module):
    def __init__(self, features, size, width):
        super().__init__()
        self.project_in = nn.Linear(features, width)
        self.project_out = nn.Linear(width, features)
        self._codebook = _Codebook(size, width)


class HyperEncoder(nn.Module):
    """Latent times the scaling factor [B, C, h, w] -> (z_l [B, M, h', w'], indices [B, h', w'], commitment loss)."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        n, m, size = config["N"], config["M"], config["cfg_ss"]

        def blocks():
            return [_Residual(n) for _ in range(3)]

        self.backbone = nn.Sequential(
            _resample(config["in_channels"], n, size < 16), *blocks(), _resample(n, n, size < 32), *blocks(), _Gate(n),
            _resample(n, n, size < 64), *blocks(), nn.Conv2d(n, m, 1), _Gate(m))
        self.quantizer = _Quantizer(m, config["cfg_cs"], config["codebook_dim"])

    def quantise(self, z):
        """The unit vectors [B h' w', D], their cosines with every code and the grid's shape."""
        features = self.backbone(z).permute(0, 2, 3, 1)
        projected = F.normalize(self.quantizer.project_in(features), dim=-1)
        flat = projected.reshape(-1, projected.shape[-1])
        return flat, self.quantizer._codebook.nearest(flat), features.shape[:3]

    def lookup(self, indices):
        """Indices [B, h', w'] -> z_l [B, M, h', w']."""
        return self.quantizer.project_out(self.quantizer._codebook.embed[0][indices]).permute(0, 3, 1, 2)

    def forward(self, z):
        # The quantiser is sensitive: always fp32.
        with torch.autocast(z.device.type, enabled=False):
            x, cosines, shape = self.quantise(z.float())
            indices = cosines.argmax(-1)
            codes = self.quantizer._codebook.embed[0][indices]
            commitment = F.mse_loss(x, codes)
            if self.training:
                codes = x + (codes - x).detach()
                self.quantizer._codebook.learn(x.detach(), indices)
            out = self.quantizer.project_out(codes).reshape(*shape, -1).permute(0, 3, 1, 2)
        return out, indices.reshape(shape), commitment
