"""Networks without their learning: the weights in a random order, for the randomisation test."""

from __future__ import annotations

import copy
from functools import cached_property

import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.model.network import Network

_LARGE, _DRAWN = 2**20, 2**16
"""Of a tensor with more values than the first, so many are drawn as the second says, and its own from these: a
vocabulary has ten million, and to order them takes longer than the map."""

_KEPT_BYTES = 2**29
"""So much of shuffled weights is kept for the next input; what is beyond it is made anew for each."""

_PICTURES = 4
"""Drawn, to measure statistics of batch normalisation on."""


class Unlearnt:
    """The copies of one network with shuffled weights, each made once for all inputs that are explained.

    Parameters
    ----------
    network : what has learnt; it stays as it is.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._made: dict[tuple[object, ...], Network] = {}
        self._bytes = sum(parameter.nbytes for parameter in network.parameters())

    @cached_property
    def _blank(self) -> Network:
        return _copy(self._network)

    def ready(self) -> Unlearnt:
        """Copy what has learnt now; from then on it may be at work while its shuffled copies are made."""
        _ = self._blank
        return self

    def network(self, batch: Batch, seed: int) -> Network:
        """The copy that `seed` gives, for inputs of the form of this batch of one; the next may take its place."""
        forms = tuple((name, tuple(tensor.shape)) for name, tensor in batch.items())
        if (seed, forms) in self._made:
            return self._made[seed, forms]
        kept = (len(self._made) + 1) * self._bytes <= _KEPT_BYTES
        made = shuffle(_copy(self._blank) if kept else self._blank, self._network, batch, seed)
        if kept:
            self._made[seed, forms] = made
        return made


def _copy(network: Network) -> Network:
    preprocess = network.backbone.preprocess  # a tokenizer's vocabulary is large, and shared
    return copy.deepcopy(network, {id(preprocess): preprocess}).requires_grad_(False)


def shuffle(made: Network, network: Network, batch: Batch, seed: int) -> Network:
    """`made`, a copy of `network`, with every parameter tensor's values in a random order, of a large one drawn anew.

    Adebayo et al. draw weights anew as before training. Shuffling draws them from what was learnt, so that signals
    keep their scale through any architecture, whatever its initialisation was. Statistics of batch normalisation are
    measured anew, for the old ones would drown the signal: on drawn pictures of the form of the `batch`'s, so that
    the copy does not depend on the input that is explained.
    """
    generator = torch.Generator().manual_seed(seed)
    for parameter, learnt in zip(made.parameters(), network.parameters(), strict=True):
        parameter.copy_(_in_random_order(learnt.detach().reshape(-1), generator).view_as(parameter))
    _measure_statistics(made, batch, generator)
    return made


def _in_random_order(values: Tensor, generator: torch.Generator) -> Tensor:
    """The values (V,) in a random order; where there are many, V draws from 65,536 of them."""
    count = len(values)
    if count <= _LARGE:
        return values[torch.randperm(count, generator=generator).to(values.device)]
    some = values[torch.randint(count, (_DRAWN,), generator=generator).to(values.device)]
    return some[torch.randint(_DRAWN, (count,), generator=generator).to(values.device)]


def _measure_statistics(network: Network, batch: Batch, generator: torch.Generator) -> None:
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average of what is seen from now on
        norm.train()
    with torch.no_grad():
        network({name: _stand_ins(tensor, generator) for name, tensor in batch.items()})
    for norm in norms:
        norm.eval()


def _stand_ins(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """(1, …) → (4, …): drawn pictures for a picture, and anything else four times."""
    if tensor.dim() != 4:
        return tensor.expand(_PICTURES, *tensor.shape[1:])
    return drawn_pictures((_PICTURES, *tensor.shape[1:]), generator).to(tensor)


def drawn_pictures(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Noise (N, C, H, W) with the spectrum of photographs, each channel of mean 0 and variance 1, as preprocessing
    leaves them.

    Amplitudes fall as 1 / frequency (Field 1987, "Relations between the statistics of natural images and the response
    properties of cortical cells"); phases are random.
    """
    height, width = shape[-2:]
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = (down**2 + across**2).sqrt()
    frequency[0, 0] = torch.inf  # the mean, which is 0
    noise = torch.randn(shape, generator=generator)
    drawn = torch.fft.irfft2(torch.fft.rfft2(noise) / frequency, s=(height, width))
    return drawn / drawn.std((2, 3), keepdim=True).clamp_min(1e-12)
