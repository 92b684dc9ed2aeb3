"""The head of a pretrained detector with its columns for other classes: known ones kept, others begun."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headstart.core.detector import Detector

_PREDICTOR = re.compile(r"classify(\.\d+(\.1)?)?\.(weight|bias)")
"""Weights whose rows are columns of the outputs: those of the one convolution, of one for each map, or of the last of
two for each map."""


def teach(head: nn.Module, detector: Detector, labels: Sequence[str]) -> None:
    """Give `head` the weights of `detector`, where there are any, its class predictor with columns for `labels`."""
    if detector.weights is None:
        return
    state = {
        name: with_columns(value, detector, labels) if _PREDICTOR.fullmatch(name) else value
        for name, value in detector.weights.items()
    }
    head.load_state_dict(state)


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
