"""An autoencoder with more latent channels, which carry from the first step what its old ones leave out.

Every level gets spare groups of channels. They are linear at first: the encoder's pass colours down to the latent by
averages and differences of 2x2 blocks, of which each level keeps the principal components; the last level keeps those
of what the old latent channels do not explain. All else that is new begins at zero or is not yet read, so that the old
channels and the decoded picture are what they were.
"""
import torch
import torch.nn.functional as F
from torch import nn

from .networks.autoencoder import Autoencoder

_OPPONENT = torch.tensor([[0.577, 0.577, 0.577], [0.707, 0.0, -0.707], [0.408, -0.816, 0.408]])
# A constant channel a group, so that the encoder's last norm keeps the others' size; what lifts SiLU to where it is
# linear.
_CONSTANT, _LIFT = 8.0, 4.0


def _corner(target, source, rows, columns):
    """The upper left of a weight is the old one; what old outputs would read of new inputs is zero."""
    target[:rows, columns:] = 0
    target[:rows, :columns] = source


def _copy_norm(new, old):
    new.weight[:old.num_channels], new.bias[:old.num_channels] = old.weight, old.bias


def _copy_layer(new, old, silent=False):
    """A convolution or linear layer; a silent one writes zero to new outputs."""
    rows, columns = old.weight.shape[:2]
    if silent:
        new.weight.zero_()
        new.bias.zero_()
    _corner(new.weight, old.weight, rows, columns)
    new.bias[:rows] = old.bias


def _copy_linear_path(new, old, block):
    """A layer that the new channels pass linearly, by BLOCK [new outputs, new inputs, ...], apart from the old."""
    rows, columns = old.weight.shape[:2]
    _copy_layer(new, old, silent=True)
    new.weight[rows:, columns:] = block


def _copy_resnet(new, old, shortcut):
    _copy_norm(new.norm1, old.norm1)
    _copy_layer(new.conv1, old.conv1)
    _copy_norm(new.norm2, old.norm2)
    _copy_layer(new.conv2, old.conv2, silent=True)
    if old.conv_shortcut is not None:
        spare = new.conv_shortcut.weight.shape[0] - old.conv_shortcut.weight.shape[0]
        kept = new.conv_shortcut.weight.shape[1] - old.conv_shortcut.weight.shape[1]
        _copy_linear_path(new.conv_shortcut, old.conv_shortcut, shortcut(spare, kept)[:, :, None, None])


def _copy_attention(new, old):
    _copy_norm(new.group_norm, old.group_norm)
    _copy_layer(new.to_k, old.to_k)
    _copy_layer(new.to_v, old.to_v)
    _copy_layer(new.to_q, old.to_q, silent=True)
    # The scores are divided by the root of the width.
    gain = (new.to_q.weight.shape[0] / old.to_q.weight.shape[0]) ** 0.5
    new.to_q.weight.mul_(gain)
    new.to_q.bias.mul_(gain)
    _copy_layer(new.to_out[0], old.to_out[0], silent=True)


def _orthogonal(rows, columns):
    return nn.init.orthogonal_(torch.empty(rows, columns))


def _eye(rows, columns):
    return torch.eye(rows, columns)


def _blocks(x):
    """[B, C, H, W] -> [B, 4 C, H/2, W/2]: the 2x2 blocks, channel by channel."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, 4 * c, h // 2, w // 2)


def _components(rows, count):
    """Principal directions of [N, D], first the largest: [count, D]."""
    _, vectors = torch.linalg.eigh(rows.t() @ rows / len(rows))
    return vectors.flip(1).t()[:count]


def _positions(x):
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def _analyse(x, latents, widths, channels):
    """Weights of each level's 2x2 reduction; the last gives CHANNELS outputs of deviation 1."""
    x = torch.einsum("oc,bchw->bohw", _OPPONENT, x)
    reductions = []
    for width in widths[:-1]:
        rows = _blocks(x)
        reductions.append(_components(_positions(rows), min(width, rows.shape[1])))
        x = torch.einsum("oc,bchw->bohw", reductions[-1], rows)
    rows = _positions(_blocks(x))
    # The old channels' neighbourhood explains part of each block; the rest is what the new ones are for.
    near = F.unfold(latents, 3, padding=1).transpose(1, 2).flatten(0, 1)
    near = torch.cat([near, torch.ones(len(near), 1)], 1)
    rest = rows - near @ torch.linalg.lstsq(near, rows).solution
    last = _components(rest, channels)
    values = rows @ last.t()
    return reductions + [last / values.std(0)[:, None]], values.mean(0) / values.std(0)


def _reduction_block(weights, outputs, inputs):
    """[n, 4 m] over 2x2 blocks -> [outputs, inputs, 3, 3] with the taps that stride 2 and padding below right see."""
    block = torch.zeros(outputs, inputs, 3, 3)
    n, m = weights.shape[0], weights.shape[1] // 4
    block[:n, :m, :2, :2] = weights.reshape(n, m, 2, 2)
    return block


def _encoder(new, old, reductions, mean, channels, before, size):
    first = new.conv_in
    _copy_layer(first, old.conv_in)
    rows = old.conv_in.out_channels
    first.weight[rows:rows + 3] = 0
    first.weight[rows:rows + 3, :, 1, 1] = _OPPONENT
    first.bias[rows:rows + 3] = 0
    for level, (stage, was) in enumerate(zip(new.down_blocks, old.down_blocks)):
        for block, block_was in zip(stage.resnets, was.resnets):
            _copy_resnet(block, block_was, _eye)
        for scale, scale_was in zip(getattr(stage, "downsamplers", ()), getattr(was, "downsamplers", ())):
            spare = scale.conv.out_channels - scale_was.conv.out_channels
            _copy_linear_path(scale.conv, scale_was.conv, _reduction_block(reductions[level], spare, spare))
    _copy_middle(new.mid_block, old.mid_block)
    _keep_size(new, old, channels, before, mean, size)


def _copy_middle(new, old):
    for block, was in zip(new.resnets, old.resnets):
        _copy_resnet(block, was, _eye)
    _copy_attention(new.attentions[0], old.attentions[0])


def _keep_size(new, old, channels, before, mean, size):
    """Components through the last norm, SiLU and convolution as they are, of deviation SIZE and mean 0."""
    norm, last = new.conv_norm_out, new.conv_out
    _copy_norm(norm, old.conv_norm_out)
    kept, group = old.conv_norm_out.num_channels, norm.num_channels // norm.num_groups
    groups = norm.num_groups - old.conv_norm_out.num_groups
    added = channels - before
    # Constants sit at the end of each spare group, where no component is.
    places = [kept + g * group + k for k in range(group - 1) for g in range(groups)][:added]
    if len(places) < added:
        raise ValueError(f"{groups} spare groups hold {groups * (group - 1)} channels, expected {added}: add groups")
    shortcut = new.down_blocks[-1].resnets[0].conv_shortcut
    block = torch.zeros(groups * group, shortcut.in_channels - old.down_blocks[-1].resnets[0].conv_shortcut.in_channels)
    for k, place in enumerate(places):
        block[place - kept, k] = 1
    shortcut.weight[kept:, -block.shape[1]:] = block[:, :, None, None]
    for g in range(groups):
        shortcut.bias[kept + (g + 1) * group - 1] = _CONSTANT
    filled = -(-added // groups)
    mean_of_group, deviation = _CONSTANT / group, (_CONSTANT ** 2 * (group - 1) / group ** 2 + filled / group) ** 0.5
    norm.weight[kept:] = deviation
    norm.bias[kept:] = mean_of_group + _LIFT
    last.weight.zero_()
    last.bias.zero_()
    # Means, then log variances.
    for start, start_was in ((0, 0), (channels, before)):
        last.weight[start:start + before, :kept] = old.conv_out.weight[start_was:start_was + before]
        last.bias[start:start + before] = old.conv_out.bias[start_was:start_was + before]
    for k, place in enumerate(places):
        last.weight[before + k, place, 1, 1] = size
        last.bias[before + k] = -size * (_LIFT + mean[k])


def _decoder(new, old):
    first, was = new.conv_in, old.conv_in
    nn.init.normal_(first.weight, std=(1 / (first.in_channels - was.in_channels) / 3) ** 0.5)
    _corner(first.weight, was.weight, *was.weight.shape[:2])
    first.weight[was.out_channels:, :was.in_channels] = 0
    first.bias.zero_()
    first.bias[:was.out_channels] = was.bias
    _copy_middle(new.mid_block, old.mid_block)
    for stage, stage_was in zip(new.up_blocks, old.up_blocks):
        for block, block_was in zip(stage.resnets, stage_was.resnets):
            _copy_resnet(block, block_was, _orthogonal)
        for scale, scale_was in zip(getattr(stage, "upsamplers", ()), getattr(stage_was, "upsamplers", ())):
            spare = scale.conv.out_channels - scale_was.conv.out_channels
            block = torch.randn(spare, spare, 3, 3) * (1 / spare / 3) ** 0.5
            _copy_linear_path(scale.conv, scale_was.conv, block)
    _copy_norm(new.conv_norm_out, old.conv_norm_out)
    _copy_layer(new.conv_out, old.conv_out)


@torch.no_grad()
def with_spare_groups(old, channels, groups, x):
    """The autoencoder, CHANNELS latent channels, GROUPS spare groups a level, pictures [B, 3, H, W] -> a wider one."""
    config = old.config
    before, norm_groups = config["latent_channels"], config["norm_num_groups"]
    widths = [width * (norm_groups + groups) // norm_groups for width in config["block_out_channels"]]
    if widths[0] - config["block_out_channels"][0] < len(_OPPONENT) or widths[-1] == widths[-2]:
        raise ValueError(f"an autoencoder of widths {config['block_out_channels']} cannot get {groups} spare groups: "
                         "the first level needs three spare channels, and the last two levels different widths")
    new = Autoencoder({**config, "latent_channels": channels, "block_out_channels": widths,
                       "norm_num_groups": norm_groups + groups})
    spare = [width - was for width, was in zip(widths, config["block_out_channels"])]
    latents = torch.cat([old.encode(x[k:k + 8]) for k in range(0, len(x), 8)])
    # Level l's reduction has the spare channels of level l as outputs.
    reductions, mean = _analyse(x, latents, spare[:-1], channels - before)
    _encoder(new.encoder, old.encoder, reductions, mean, channels, before, float(latents.std()))
    _decoder(new.decoder, old.decoder)
    for convolution, was, starts in ((new.quant_conv, old.quant_conv, ((0, 0), (channels, before))),
                                     (new.post_quant_conv, old.post_quant_conv, ((0, 0),))):
        nn.init.dirac_(convolution.weight)
        nn.init.zeros_(convolution.bias)
        rows = torch.cat([torch.arange(before) + start for start, _ in starts])
        convolution.weight[rows[:, None], rows] = was.weight
        convolution.bias[rows] = was.bias
    return new
