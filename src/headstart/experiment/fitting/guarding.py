"""Gathers what the guard of a finished model keeps: features of training examples, and of others as a reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.delivery.guard import (
    Compared,
    Guard,
    Seen,
    balanced,
    chosen_depths,
    drawn,
    guard_of,
    most_computed,
    most_familiar,
)
from headstart.experiment.bench import every_input
from headstart.experiment.material import Material
from headstart.frozen.activations import FrozenPart
from headstart.frozen.stacked import stacked
from headstart.ladder.ladder import Ascent
from headstart.model.network import Network
from headstart.training.workbench import Workbench


def guard_for(
    material: Material,
    bench: Workbench,
    ascent: Ascent,
    calibration: Mapping[str, float],
    compared: Compared,
    test: Tensor | None,
) -> Guard | None:
    """The guard of the kept rung's network; None where there are too few examples for any, or no pooled features.

    Features lie in the store where the backbone stayed as it was; else those of some examples are computed.

    Parameters
    ----------
    compared : what the model was calibrated on.
    test : raw outputs (N, C) of the test examples, the reference; None where there are none. The held-out examples
        stand in for them then.
    """
    if material.task.reads_maps:
        return None
    task, split, landing = material.task, material.split, ascent.landings[ascent.chosen]
    stored = not landing.tuned
    # Without a test split the held-out examples are the reference: no example may be familiar with itself.
    held_out_too = ascent.trained_on_all and test is not None
    learnt = np.concatenate([split.train, split.validation]) if held_out_too else split.train
    others, outputs = (split.compared, landing.outputs) if test is None else (split.test, test)
    network = ascent.network.requires_grad_(False).eval().to(bench.device)
    part = bench.frozen_part(network, keep=stored)
    by_depth = _first_features(part, bench) if stored else _computed(network, bench)
    depths = chosen_depths(list(by_depth))
    kept = [name for name in by_depth if name in depths or name in network.depths]
    most = most_familiar([by_depth[name].shape[1] for name in kept])
    if not stored:
        most = min(most, most_computed(task.outputs))
        some = drawn(len(others), most // 2, bench.seed)
        others, outputs = others[some], outputs[torch.from_numpy(some)]
    learnt = learnt[balanced(task.strata(material.targets(learnt)), most, bench.seed)]

    def features(rows: np.ndarray) -> dict[str, Tensor]:
        return _features(part, material, bench, rows, kept)

    return guard_of(
        task,
        calibration,
        features(learnt),
        [material.examples.ids[row] for row in learnt],
        material.targets(learnt),
        Seen(features(others), outputs, [material.examples.ids[row] for row in others], material.targets(others)),
        compared,
        unseen=test is not None or not ascent.trained_on_all,
        depths=depths,
        nothing_held_out=test is None and split.out_of_fold,
    )


def _first_features(part: FrozenPart, bench: Workbench) -> Batch:
    """Features (1, D_s) by depth of the first training example, whose activations are stored."""
    return part.over(bench.train).batch([0])


@torch.inference_mode()
def _computed(network: Network, bench: Workbench) -> Batch:
    """Features (1, D_s) by depth of a training example, from the network as it is."""
    return network.backbone.depth_features(bench.sample(1))


def _features(
    part: FrozenPart, material: Material, bench: Workbench, rows: np.ndarray, depths: list[str]
) -> dict[str, Tensor]:
    """Pooled features (n, D) of some examples at each of `depths`."""
    activations = part.over(every_input(material, bench).select(rows.tolist()))
    return {name: stacked(activations, name) for name in depths}
