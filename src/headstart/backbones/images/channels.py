"""Folds the first layer of a network of colours to any number of channels, for stacks of slices."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from headstart.core.errors import UsageError

_NEAR = 1e-3


def shares(channels: int, colours: int = 3) -> Tensor:
    """(C, K) float64: the share of each of C channels in each of K colours; every column sums to 1.

    Channels and colours both divide the same length evenly, and a share is how much of a colour's part a channel
    covers. So one channel is each colour, three are the colours themselves, and of five the first makes three fifths
    of the first colour.
    """
    ends = torch.arange(channels + 1, dtype=torch.float64) / channels
    parts = torch.arange(colours + 1, dtype=torch.float64) / colours
    low = torch.maximum(ends[:-1, None], parts[None, :-1])
    high = torch.minimum(ends[1:, None], parts[None, 1:])
    return (high - low).clamp(min=0) * colours


def folded_statistics(
    mean: tuple[float, ...], std: tuple[float, ...], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, from those of the colours that :func:`shares` makes of them.

    With fewer channels than colours the means are the nearest in least squares.
    """
    mixing = shares(channels, len(mean))
    means = torch.linalg.pinv(mixing.T) @ torch.tensor(mean, dtype=torch.float64)
    return tuple(means.tolist()), (sum(std) / len(std),) * channels


def fold_first_layer(network: nn.Module, std: tuple[float, ...], channels: int, size: tuple[int, int]) -> None:
    """Make `network`, which takes colours normalised by `std`, take `channels` by :func:`folded_statistics`.

    Its first convolution gets the weights W'(c) = Σ_k shares(c, k) · W(k) · std' / std(k). For any stack it gives
    then what it gave for the stack mixed to three colours; slices that are all alike look like a grey picture.

    Parameters
    ----------
    size : (width, height) in pixels of a picture to try it with.

    Raises
    ------
    UsageError : its first layer is no plain convolution, in which channels add up.
    """
    name, first = _first_layer(network, len(std))
    mixing = shares(channels, len(std))
    pixels = torch.randn((1, channels, size[1], size[0]), generator=torch.Generator().manual_seed(0))
    scale = torch.tensor([sum(std) / len(std) / each for each in std], dtype=torch.float64)
    mixed = torch.einsum("nchw,ck->nkhw", pixels.double(), mixing * scale).float()
    with torch.no_grad():
        before = network(mixed)
        network.set_submodule(name, _folded(first, mixing * scale))
        after = network(pixels)
    if not torch.allclose(before, after, rtol=_NEAR, atol=_NEAR * float(before.abs().max())):
        raise UsageError(
            "The first layer of this backbone does not add its channels up (its weights are normalised, say), so it "
            "cannot be folded to stacks of slices; take another."
        )


def _folded(first: nn.Conv2d, mixing: Tensor) -> nn.Conv2d:
    made = copy.deepcopy(first)
    made.in_channels = len(mixing)
    weight = torch.einsum("okhw,ck->ochw", first.weight.detach().double(), mixing).to(first.weight.dtype)
    made.weight = nn.Parameter(weight, first.weight.requires_grad)
    return made


def _first_layer(network: nn.Module, colours: int) -> tuple[str, nn.Conv2d]:
    """The convolution that reads the colours.

    Raises
    ------
    UsageError : there is none, or several modules do.
    """
    found = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and module.in_channels == colours and module.groups == 1
    ]
    if len(found) != 1:
        raise UsageError(
            f"This backbone reads colours in {len(found) or 'no'} convolutions, not in one, so it cannot be folded "
            "to stacks of slices; take another."
        )
    return found[0]
