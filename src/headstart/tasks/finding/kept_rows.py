"""The head of a pretrained detector with its columns for other classes: known ones kept, others begun."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from headstart.core.detector import Detector

_LAST = r"(\.\d+(\.1)?)?\.(weight|bias)"
"""What follows the name of a predictor in those of its weights whose rows are columns of the outputs: of the one
layer, of one for each map, or of the last of two for each map."""


def teach(head: nn.Module, detector: Detector, labels: Sequence[str]) -> None:
    """Give `head` the weights of `detector`, where there are any, its class predictor with columns for `labels`."""
    if detector.weights is not None:
        head.load_state_dict(taught_state(detector.weights, detector, labels))


def taught_state(
    weights: Mapping[str, Tensor],
    detector: Detector,
    labels: Sequence[str],
    predictors: Sequence[str] = ("classify",),
) -> dict[str, Tensor]:
    """`weights` where the `predictors` have columns for `labels`."""
    by_class = re.compile(f"({'|'.join(predictors)}){_LAST}")
    return {
        name: with_columns(value, detector, labels) if by_class.fullmatch(name) else value
        for name, value in weights.items()
    }


def hold_normalisation(head: nn.Module) -> None:
    """Let the batch normalisation of `head` keep its statistics, whatever mode is asked for."""
    for module in head.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(False)


def with_columns(weight: Tensor, detector: Detector, labels: Sequence[str]) -> Tensor:
    """Of a predictor's weight or bias (A · K, …), K columns for each of A anchors: (A · (first + C), …).

    Columns that know one of the C `labels` are kept. Any other begins as the mean of all classes, which says how
    likely a place is to hold a thing of some kind.
    """
    by_column = weight.reshape(-1, len(detector.columns), *weight.shape[1:])
    named = [place for place, name in enumerate(detector.columns) if name]
    mean = by_column[:, named or slice(1, None)].mean(dim=1)
    chosen = [mean if row is None else by_column[:, row] for row in detector.rows(labels)]
    first = [by_column[:, place] for place in range(detector.first)]
    return torch.stack([*first, *chosen], dim=1).reshape(-1, *weight.shape[1:])
