"""A model with a wider latent than the one that it starts from: old channels keep their weights, new ones are fresh."""
import torch

from .networks.hyper_encoder import HyperEncoder
from .networks.unet import UNet
from .spare_groups import with_spare_groups


def _copy(target, source, rows, columns):
    """target[rows, columns] of a convolution = source's, and the bias of the rows."""
    target.weight[rows[:, None], columns] = source.weight
    target.bias[rows] = source.bias


def _rest(source, target):
    """Everything whose shape is the same in both."""
    weights, wanted = source.state_dict(), target.state_dict()
    target.load_state_dict({k: weights[k] if weights[k].shape == v.shape else v for k, v in wanted.items()})


def _unet(old, channels):
    before = old.config["in_channels"]
    local = old.conv_in_extended.in_channels - before
    new = UNet({**old.config, "in_channels": channels, "out_channels": channels}, local)
    _rest(old, new)
    first, last = new.conv_in_extended, new.conv_out
    first.weight.zero_()
    columns = torch.cat([torch.arange(before), channels + torch.arange(local)])
    _copy(first, old.conv_in_extended, torch.arange(first.out_channels), columns)
    last.weight.zero_()
    last.bias.zero_()
    _copy(last, old.conv_out, torch.arange(before), torch.arange(last.in_channels))
    return new


def _hyper_encoder(old, channels):
    before = old.config["in_channels"]
    new = HyperEncoder({**old.config, "in_channels": channels})
    _rest(old, new)
    first = new.backbone[0]
    first.weight.zero_()
    _copy(first, old.backbone[0], torch.arange(first.out_channels), torch.arange(before))
    return new


@torch.no_grad()
def widen(networks, channels, spare_groups, pictures):
    """Networks by part -> the same with so many latent channels, the new ones filled from PICTURES [B, 3, H, W]."""
    before = networks["vae"].config["latent_channels"]
    if channels < before:
        raise ValueError(f"the start has {before} latent channels, expected at most {channels} (model.latent)")
    if channels == before:
        return networks
    if not spare_groups:
        raise ValueError(f"the start has {before} latent channels of {channels}: set model.spare_groups for the others")
    return {**networks, "vae": with_spare_groups(networks["vae"], channels, spare_groups, pictures),
            "unet": _unet(networks["unet"], channels), "hyper_enc": _hyper_encoder(networks["hyper_enc"], channels)}
