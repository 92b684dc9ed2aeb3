"""One candidate's probe: what linear heads on its features say of examples they did not see, and what it cost."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones import load
from headstart.backbones.base import Backbone
from headstart.core.errors import HeadstartError
from headstart.core.progress import Progress
from headstart.core.sizes import say_size
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch, say_duration
from headstart.experiment.bench import as_asked, every_input, lay_out
from headstart.experiment.material import Material
from headstart.experiment.out_of_fold import out_of_fold
from headstart.experiment.selection.candidates import Candidate
from headstart.experiment.selection.operations import operations_of
from headstart.frozen.activations import FrozenPart
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore
from headstart.model.network import Network
from headstart.strategies._solved_head import features_of

BANDWIDTH = 2e6
"""Bytes a second that a download is taken to come at: a slow line, so that what is begun ends in time."""

QUIET = Progress(quiet=True)


@dataclass(frozen=True)
class Drawn:
    """The examples of one round: ``rows`` (n,) among the usable ones, ``encoded`` their n targets, and ``folds``
    (n,) that keep copies and groups together."""

    rows: np.ndarray
    encoded: Tensor
    folds: np.ndarray


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Attributes
    ----------
    features : (n, D). outputs : (n, C) out of fold. source : (n, Z) probabilities by the backbone's own classifier;
        None where it has none on its last features, or nobody asked.
    parameters : of the backbone without its head. operations : to run it on one example, multiplications and
        additions: how fast it is, told without a clock.
    seconds : that the probe took. each : of these, for the features of one example, 0 where all were stored.
    solving : of these, for the heads. loading : of these, for what every probe of it begins with; what is done once,
        such as fetching it, is in neither.
    """

    features: Tensor
    outputs: Tensor
    parameters: int
    operations: int
    seconds: float
    each: float
    solving: float
    loading: float = 0.0
    source: Tensor | None = None


class TooSlow(HeadstartError):
    """A candidate would take longer than it is allowed: about so many ``seconds``."""

    def __init__(self, message: str, seconds: float = math.inf) -> None:
        super().__init__(message)
        self.seconds = seconds


class Prober:
    """Probes candidates on the examples of `material`; features are kept in its store for a later fit."""

    def __init__(
        self, material: Material, spec: FitSpec, stopwatch: Stopwatch, folder: Path, with_source: bool = False
    ) -> None:
        # What one round computed the next one reads, with a store for later fits or without.
        store = material.store or FrontierStore(folder / "store")
        self.with_source = with_source
        self.material, self.spec, self.stopwatch, self.folder = (
            replace(material, store=store),
            spec,
            stopwatch,
            folder,
        )

    def probe(self, candidate: Candidate, drawn: Drawn, allowed: float) -> Probed:
        """The candidate's probe on `drawn`; the backbone is loaded for it and let go after it.

        Parameters
        ----------
        allowed : seconds that fetching it and computing its features may take.

        Raises
        ------
        TooSlow : it would take longer, by the time of a first batch.
        HeadstartError : its weights are not to be had or do not fit, or it gives no numbers.
        """
        began = time.perf_counter()
        _fetchable(candidate, allowed)
        loaded = as_asked(load(candidate.given), candidate.name, self.spec, self.material.task)
        backbone = loaded.requires_grad_(False).eval()
        bench = lay_out(self.spec, self.material, backbone, self.stopwatch, QUIET, self.folder)
        network = Network(backbone, nn.Identity())
        part = bench.frozen_part(network)
        inputs = every_input(self.material, bench).select(drawn.rows.tolist())
        begun = time.perf_counter() - began
        missing = _affordable(part, inputs, allowed - begun)
        before = time.perf_counter()
        features = features_of(network, part.over(inputs))
        computed = time.perf_counter()
        if not bool(torch.isfinite(features).all()):
            raise HeadstartError("its features are not all finite numbers")
        example = {name: tensor[None].to(bench.device) for name, tensor in inputs.tensors(0).items()}
        outputs = out_of_fold(self.material.task, features, drawn.encoded, drawn.folds)
        parameters = sum(parameter.numel() for parameter in backbone.parameters())
        operations = operations_of(backbone, example)
        ended = time.perf_counter()
        each = (computed - before) / missing if missing else 0.0
        loading = begun if candidate.card.at_hand else 0.0  # next time it comes from the disk
        took = (ended - began, each, ended - computed, loading)
        source = _source(backbone, features) if self.with_source else None
        return Probed(features, outputs, parameters, operations, *took, source)


def _source(backbone: Backbone, features: Tensor) -> Tensor | None:
    """Probabilities (n, Z) of the classes of pretraining."""
    head = None if backbone.read_classifier is None else backbone.read_classifier()
    return None if head is None else torch.softmax(features.cpu() @ head[0].T + head[1], dim=1)


def _fetchable(candidate: Candidate, allowed: float) -> None:
    """Return if its weights are at hand, or small enough to be downloaded in the time.

    Raises
    ------
    TooSlow : they are not.
    """
    card = candidate.card
    seconds = 0.0 if card.at_hand else card.bytes / BANDWIDTH
    if seconds > allowed:
        raise TooSlow(
            f"fetching its {say_size(card.bytes)} may take {say_duration(seconds)}, and "
            f"{say_duration(max(allowed, 0.0))} are left for it",
            seconds,
        )


def _affordable(part: FrozenPart, inputs: Inputs, allowed: float) -> int:
    """How many examples' features are not stored yet.

    Raises
    ------
    TooSlow : computing them would take longer than `allowed` seconds.
    """
    missing = part.missing(inputs)
    if missing and math.isfinite(allowed):
        seconds = missing * part.seconds_per_example(inputs, missing)
        if seconds > allowed:
            raise TooSlow(
                f"it would take about {say_duration(seconds)} for {missing} examples, "
                f"and {say_duration(max(allowed, 0.0))} are left for it",
                seconds,
            )
    return missing
