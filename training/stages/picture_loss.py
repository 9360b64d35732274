"""What decoded pictures are trained on: L1, L2, gradients, colour differences and perceptual distance."""
import torch
import torch.nn.functional as F

# Rec. 601 weights; luma, then the two colour differences.
_LUMA = (0.299, 0.587, 0.114)


def psnr(y, x):
    """Of each picture of the batch, in dB; values in [-1, 1]."""
    return 10 * torch.log10(4 / (y.clamp(-1, 1) - x).float().pow(2).mean((1, 2, 3)).clamp_min(1e-12))


def colour_differences(x):
    """[B, 3, H, W] -> [B, 2, H, W]: red and blue less luma, so that grey is zero."""
    weights = torch.tensor(_LUMA, device=x.device, dtype=x.dtype)[None, :, None, None]
    luma = (x * weights).sum(1, keepdim=True)
    return torch.cat([x[:, :1] - luma, x[:, 2:] - luma], 1)


def gradient_distance(y, x):
    """L1 distance of the differences to the neighbours one and two pixels away."""
    total = 0.0
    for k in (1, 2):
        total = total + F.l1_loss(y[..., k:] - y[..., :-k], x[..., k:] - x[..., :-k])
        total = total + F.l1_loss(y[..., k:, :] - y[..., :-k, :], x[..., k:, :] - x[..., :-k, :])
    return total


def picture_loss(y, x, options, perceptual, progress):
    """Decoded and original pictures -> (loss by the options' weights, numbers for the curve); always in fp32."""
    with torch.autocast(y.device.type, enabled=False):
        y = y.float()
        loss = options.l1 * F.l1_loss(y, x) + options.l2 * F.mse_loss(y, x)
        if options.gradient:
            loss = loss + options.gradient * gradient_distance(y, x)
        if options.chroma:
            loss = loss + options.chroma * F.mse_loss(colour_differences(y), colour_differences(x))
        numbers = {"psnr": psnr(y.detach(), x).mean().item()}
        if perceptual is not None and options.perceptual and progress >= options.perceptual_from:
            distance = perceptual(y, x).mean()
            loss = loss + options.perceptual * distance
            numbers["perceptual"] = distance.item()
    return loss, numbers


def picture_measures(kind, y, x, perceptual):
    """Sums of PSNR and perceptual distance over a batch, by name; KIND precedes the names."""
    y = y.float().clamp(-1, 1)
    sums = {kind + "psnr": psnr(y, x).sum().item()}
    if perceptual is not None:
        sums[kind + "perceptual"] = perceptual(y, x).sum().item()
    return sums
