"""The randomisation test: a map that a network without its learning would draw too explains nothing it learnt."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.core.results import Figure
from headstart.core.statistics import Z_95
from headstart.explanations._asked import Asked, Check
from headstart.model.network import Network

NETWORKS = 5
SURVIVES = 0.5
"""A mean rank correlation from which a map is taken to have survived. Smooth maps of unrelated networks correlate by
0.2 to 0.3 in either direction by chance, and the mean of five stays well below one half."""

_FEWEST_PARTS = 5
_LARGE, _DRAWN = 2**20, 2**16
"""Of a tensor with more values than the first, so many are drawn as the second says, and its own from these: a
vocabulary has ten million, and to order them takes longer than the map."""


def randomisation(asked: Asked, given: Tensor, draw: Callable[[Asked], Tensor], seed: int = 0) -> Check:
    """Adebayo et al. 2018, "Sanity checks for saliency maps" (arXiv:1810.03292), all layers at once.

    Spearman's rank correlation, over the parts, of the map with those of networks whose weights are random.
    """
    if asked.parts is None or asked.parts.count < _FEWEST_PARTS:
        few = "The input has too few parts to compare two maps of it."
        return Check("randomisation", Figure(math.nan, math.nan, math.nan), None, few, decides=True)
    real = asked.parts.scores(given)
    found = [
        rank_correlation(real, asked.parts.scores(draw(asked.of(shuffled(asked.network, asked.batch, seed + k)))))
        for k in range(NETWORKS)
    ]
    mean, half = float(np.mean(found)), Z_95 * float(np.std(found, ddof=1)) / math.sqrt(NETWORKS)
    passed = mean < SURVIVES
    verdict = "it shows what was learnt" if passed else "it survives without the learning and is not to be trusted"
    summary = (
        f"With shuffled weights the map's rank correlation with this one is {mean:.2f} "
        f"({NETWORKS} networks; it survives from {SURVIVES:.1f}): {verdict}."
    )
    return Check("randomisation", Figure(mean, max(-1.0, mean - half), min(1.0, mean + half)), passed, summary, True)


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's correlation of two maps (U,); 0 where one of them is flat, since a flat map resembles nothing."""
    a, b = a.detach().cpu().double(), b.detach().cpu().double()
    if not (torch.isfinite(b).all() and a.max() > a.min() and b.max() > b.min()):
        return 0.0
    from scipy.stats import spearmanr  # half a second, and a fit imports this file

    return float(spearmanr(a.numpy(), b.numpy()).statistic)


def shuffled(network: Network, batch: Batch, seed: int) -> Network:
    """A copy of `network` with every parameter tensor's values in a random order, those of a large one drawn anew.

    Adebayo et al. draw weights anew as before training. Shuffling draws them from what was learnt, so that signals
    keep their scale through any architecture, whatever its initialisation was. Statistics of batch normalisation are
    measured anew on the example's turns, for the old ones would drown the signal.
    """
    preprocess = network.backbone.preprocess  # a tokenizer's vocabulary is large, and shared
    made = copy.deepcopy(network, {id(preprocess): preprocess}).requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parameter in made.parameters():
        parameter.copy_(_in_random_order(parameter.reshape(-1), generator).view_as(parameter))
    _measure_statistics(made, batch)
    return made


def _in_random_order(values: Tensor, generator: torch.Generator) -> Tensor:
    """The values (V,) in a random order; where there are many, V draws from 65,536 of them."""
    count = len(values)
    if count <= _LARGE:
        return values[torch.randperm(count, generator=generator).to(values.device)]
    some = values[torch.randint(count, (_DRAWN,), generator=generator).to(values.device)]
    return some[torch.randint(_DRAWN, (count,), generator=generator).to(values.device)]


def _measure_statistics(network: Network, batch: Batch) -> None:
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average of what is seen from now on
        norm.train()
    with torch.no_grad():
        network({name: _turns(tensor) for name, tensor in batch.items()})
    for norm in norms:
        norm.eval()


def _turns(tensor: Tensor) -> Tensor:
    """(1, …) → (8, …): a square picture in its eight turns and reflections, anything else eight times."""
    if tensor.dim() != 4 or tensor.shape[2] != tensor.shape[3]:
        return tensor.expand(8, *tensor.shape[1:])
    turned = [torch.rot90(tensor, quarter, (2, 3)) for quarter in range(4)]
    return torch.cat([*turned, *(each.flip(3) for each in turned)])
