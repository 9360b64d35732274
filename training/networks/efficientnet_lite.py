"""EfficientNet-Lite0 (Tan and Le 2019; Apache-2.0 weights): features for a perceptual distance and for distillation."""
import torch.nn.functional as F
from torch import nn

# repeats, kernel, stride, expansion, output channels; the perceptual distance ends at stride 16
_GROUPS = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112))
_LAST_GROUPS = ((4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
_TAPS = (2, 4, 10)


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


def _same(x, conv):
    """TensorFlow's SAME padding: what is odd goes right and below."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return conv(F.pad(x, pads))


class _Block(nn.Module):
    def __init__(self, channels_in, channels_out, kernel, stride, expansion):
        super().__init__()
        inner = channels_in * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(channels_in, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, channels_out, 1, bias=False)
        self._bn2 = _norm(channels_out)
        self.expand, self.skip = expansion > 1, stride == 1 and channels_in == channels_out

    def forward(self, x):
        h = F.relu6(self._bn0(self._expand_conv(x))) if self.expand else x
        h = F.relu6(self._bn1(_same(h, self._depthwise_conv)))
        h = self._bn2(self._project_conv(h))
        return x + h if self.skip else h


class EfficientNetLite(nn.Module):
    """Pictures in [-1, 1] -> feature maps at strides 2, 4, 8 and 16, and with `whole` the last one at stride 32."""

    def __init__(self, whole=False):
        super().__init__()
        self.whole = whole
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList()
        channels = 32
        for repeats, kernel, stride, expansion, width in _GROUPS + (_LAST_GROUPS if whole else ()):
            for i in range(repeats):
                self._blocks.append(_Block(channels, width, kernel, stride if i == 0 else 1, expansion))
                channels = width

    def forward(self, x):
        x = F.relu6(self._bn0(_same(x, self._conv_stem)))
        features = [x]
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in _TAPS:
                features.append(x)
        return features + [x] if self.whole else features
