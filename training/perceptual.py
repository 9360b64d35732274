"""Perceptual distance: how far two pictures' EfficientNet-Lite0 features lie apart."""
import os

import torch
from torch import nn

from . import safetensors
from .networks.efficientnet_lite import EfficientNetLite


def load_network(folder, whole=False):
    """EfficientNet-Lite0 with the weights of FOLDER."""
    network = EfficientNetLite(whole)
    weights = safetensors.load(os.path.join(folder, "model.safetensors"))
    wanted = network.state_dict()
    missing = [k for k in wanted if k not in weights and not k.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(f"{folder}: no tensor '{missing[0]}' of EfficientNet-Lite0")
    network.load_state_dict({k: weights[k].float() if k in weights else v for k, v in wanted.items()})
    return network


class PerceptualDistance(nn.Module):
    """Sum over strides 2, 4, 8, 16 of the mean squared distance of unit-normalised features; [-1, 1] pictures."""

    def __init__(self, folder):
        super().__init__()
        self.network = load_network(folder)
        self.eval()
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def train(self, mode=True):
        """Stays in evaluation mode: its batch statistics are part of the definition."""
        return super().train(False)

    def features(self, x):
        return [f / (f.float().pow(2).sum(1, keepdim=True) + 1e-6).sqrt() for f in self.network(x)]

    def forward(self, y, x):
        """A distance for each picture of the batch, [B]."""
        with torch.no_grad():
            reference = self.features(x)
        return sum((a - b).float().pow(2).sum(1).mean((1, 2)) for a, b in zip(self.features(y), reference))
