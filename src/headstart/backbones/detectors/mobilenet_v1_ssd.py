"""An SSD on MobileNetV1 (Howard et al. 2017, arXiv:1704.04861), as TensorFlow's object detection has it.

It differs from torchvision's SSD in the padding of its convolutions, in predictors of one place each, and in its
default boxes, of which the first map has three.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from itertools import pairwise

from timm.layers import Conv2dSame
from torch import Tensor, nn

_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
"""Channels and stride of each pair of a depthwise and a pointwise convolution."""

_EXTRA = ((256, 512), (128, 256), (128, 256), (64, 128))
"""Channels of the two convolutions of each further map."""

_READ = (22, 26)
"""Layers of the body whose outputs are maps."""

_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_RATIOS = (2.0, 3.0)
SIZE = (300, 300)
MEAN = STD = (0.5, 0.5, 0.5)


def _layer(before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = Conv2dSame(before, after, kernel, stride, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU6())


class MobileNetV1Body(nn.Module):
    """(N, 3, H, W) → six maps by number, of strides from 16 on.

    Parameters
    ----------
    width : factor on all channels.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        now = round(32 * width)
        self.body = nn.ModuleList([_layer(3, now, 3, 2)])
        for channels, stride in _BLOCKS:
            self.body += [_layer(now, now, 3, stride, now), _layer(now, round(channels * width))]
            now = round(channels * width)
        self.out_channels, self.extra = [round(512 * width), now], nn.ModuleList()
        for narrow, wide in _EXTRA:
            between, after = round(narrow * width), round(wide * width)
            self.extra.append(nn.Sequential(_layer(now, between), _layer(between, after, 3, 2)))
            self.out_channels.append(now := after)

    def forward(self, pixels: Tensor) -> OrderedDict[str, Tensor]:
        maps = []
        for number, layer in enumerate(self.body):
            pixels = layer(pixels)
            if number in _READ:
                maps.append(pixels)
        for layer in self.extra:
            pixels = layer(pixels)
            maps.append(pixels)
        return OrderedDict((str(number), one) for number, one in enumerate(maps))


class _Predictor(nn.Module):
    def __init__(self, channels: list[int], outputs: list[int]) -> None:
        super().__init__()
        self.module_list = nn.ModuleList(nn.Conv2d(*pair, 1) for pair in zip(channels, outputs, strict=True))


class _Head(nn.Module):
    def __init__(self, channels: list[int], boxes: list[int], classes: int) -> None:
        super().__init__()
        self.classification_head = _Predictor(channels, [count * classes for count in boxes])
        self.regression_head = _Predictor(channels, [count * 4 for count in boxes])


class MobileNetV1Ssd(nn.Module):
    """Body and head, under the names that torchvision's detectors have.

    Parameters
    ----------
    num_classes : columns of the class predictor, the background's among them.
    size : (width, height) in pixels of the pictures.
    """

    def __init__(self, num_classes: int = 91, width: float = 1.0, size: tuple[int, int] = SIZE) -> None:
        super().__init__()
        self.backbone, self.size, self.pairs = MobileNetV1Body(width), tuple(size), default_pairs()
        self.head = _Head(self.backbone.out_channels, [len(pairs) for pairs in self.pairs], num_classes)


def default_pairs() -> list[list[tuple[float, float]]]:
    """(width, height) of the default boxes of each map, as shares of the picture."""
    first = [(0.1, 0.1), *_stretched(_SCALES[0], _RATIOS[0])]
    others = [
        [(scale, scale), (math.sqrt(scale * after),) * 2, *(pair for r in _RATIOS for pair in _stretched(scale, r))]
        for scale, after in pairwise(_SCALES[1:])
    ]
    return [first, *others]


def _stretched(scale: float, ratio: float) -> list[tuple[float, float]]:
    root = math.sqrt(ratio)
    return [(scale * root, scale / root), (scale / root, scale * root)]
