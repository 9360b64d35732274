"""What a network trained on many more pictures sees: EfficientNet-Lite0's last feature map, for distillation."""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ..perceptual import load_network

# Principal components of the network's 320 channels: half of the variance, and what pictures are of.
CHANNELS = 48
_STRIDE = 32


def principal(maps, train):
    """Maps [N, C, n, n] -> [N, CHANNELS, n, n]: components of the standardised channels, of mean variance 1."""
    some = maps[train[::max(1, len(train) // 1000)]].astype(np.float32)
    rows = torch.from_numpy(some).permute(0, 2, 3, 1).flatten(0, 2)
    mean, deviation = rows.mean(0), rows.std(0) + 1e-6
    rows = (rows - mean) / deviation
    variances, vectors = torch.linalg.eigh(rows.t() @ rows / len(rows))
    directions = vectors.flip(1)[:, :CHANNELS].t() / variances.flip(0)[:CHANNELS].mean().sqrt() / deviation
    out = np.empty((len(maps), CHANNELS, *maps.shape[2:]), np.float16)
    for k in range(0, len(maps), 256):
        x = torch.from_numpy(maps[k:k + 256].astype(np.float32)) - mean[:, None, None]
        out[k:k + 256] = torch.einsum("oc,bchw->bohw", directions, x).numpy()
    return out


class PackedFeatures:
    """Feature maps of all pictures [N, 48, size/32, size/32], fp16."""

    def __init__(self, pictures, folder, work, device):
        path, note = os.path.join(work, "teacher.npy"), os.path.join(work, "teacher.json")
        key = [pictures.names[0], len(pictures.names), pictures.size, CHANNELS]
        if not self._is_current(note, key):
            maps = self._maps(pictures, load_network(folder, whole=True).to(device).eval(), device)
            np.save(path, principal(maps, pictures.train))
            with open(note, "w", encoding="utf-8") as file:
                json.dump(key, file)
        self.array, self.size, self.device = np.load(path, mmap_mode="r"), pictures.size, device

    @staticmethod
    def _is_current(note, key):
        if not os.path.exists(note):
            return False
        with open(note, encoding="utf-8") as file:
            return json.load(file) == key

    @staticmethod
    @torch.no_grad()
    def _maps(pictures, network, device):
        batches = np.array_split(np.arange(len(pictures.names)), -(-len(pictures.names) // 16))
        return np.concatenate(
            [network(pictures.batch(batch).to(device))[-1].cpu().half().numpy() for batch in batches])

    def crops(self, indices, boxes, side):
        """[B, 48, side, side]: the maps interpolated at the crops' cells, mirrored as they are."""
        maps = torch.from_numpy(self.array[indices].astype(np.float32)).to(self.device)
        boxes = torch.as_tensor(boxes, dtype=torch.float32, device=self.device)
        cells = (torch.arange(side, device=self.device) + 0.5) / side
        rows = 2 * (boxes[:, :1] + boxes[:, 2:3] * cells) / self.size - 1
        columns = 2 * (boxes[:, 1:2] + boxes[:, 2:3] * cells) / self.size - 1
        columns = torch.where(boxes[:, 3:] > 0, columns.flip(1), columns)
        grid = torch.stack([columns[:, None, :].expand(-1, side, -1), rows[:, :, None].expand(-1, -1, side)], -1)
        return F.grid_sample(maps, grid, padding_mode="border", align_corners=False)


class FeatureHead(nn.Linear):
    """How far a vision transformer's tokens [B, 1 + n, width] are from the teacher's maps [B, 48, side, side].

    KEPT are the patches that the tokens are of. The sum of two mean squares: of each patch, and of their mean.
    """

    def __init__(self, width):
        super().__init__(width, CHANNELS)

    def forward(self, tokens, maps, kept):
        wanted = maps.flatten(2).transpose(1, 2)[:, kept]
        rest = super().forward(tokens[:, 1:]).float() - wanted
        return rest.pow(2).mean() + rest.mean(1).pow(2).mean()
