"""PSNR, MS-SSIM (Wang et al. 2003) and the perceptual distance of two pictures in [-1, 1], [1, 3, H, W]."""
import math

import torch
import torch.nn.functional as F

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5


def psnr(y, x):
    """In dB, over all samples."""
    return 10 * math.log10(4 / max((y - x).double().pow(2).mean().item(), 1e-12))


def _blur(x):
    positions = torch.arange(_WINDOW, dtype=x.dtype) - _WINDOW // 2
    weights = torch.exp(-positions ** 2 / (2 * _SIGMA ** 2))
    weights = (weights / weights.sum()).expand(x.shape[1], 1, -1)
    x = F.conv2d(x, weights[:, :, None, :], groups=x.shape[1])
    return F.conv2d(x, weights[:, :, :, None], groups=x.shape[1])


def _similarity(y, x):
    """SSIM and its contrast-structure part, each [1, 3]; values in [0, 1]."""
    mean_y, mean_x = _blur(y), _blur(x)
    variance_y = _blur(y * y) - mean_y ** 2
    variance_x = _blur(x * x) - mean_x ** 2
    covariance = _blur(y * x) - mean_y * mean_x
    structure = (2 * covariance + 0.03 ** 2) / (variance_y + variance_x + 0.03 ** 2)
    luminance = (2 * mean_y * mean_x + 0.01 ** 2) / (mean_y ** 2 + mean_x ** 2 + 0.01 ** 2)
    return (luminance * structure).mean((2, 3)), structure.mean((2, 3))


def ms_ssim(y, x):
    """Five scales, the channels' mean; sides of at least 161 pixels."""
    y, x = (y + 1) / 2, (x + 1) / 2
    result = 1.0
    for i, weight in enumerate(_WEIGHTS):
        whole, structure = _similarity(y, x)
        last = i + 1 == len(_WEIGHTS)
        result = result * (whole if last else structure).clamp_min(0) ** weight
        if not last:
            pads = [s % 2 for s in x.shape[2:]]
            y, x = (F.avg_pool2d(t, 2, padding=pads) for t in (y, x))
    return result.mean().item()
