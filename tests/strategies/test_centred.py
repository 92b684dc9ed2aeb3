"""Centres of a penalty: which discriminant, at which scale, and how strong the penalty is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from headstart.strategies._centred import SHARES, Centre, Rehearsal
from headstart.strategies._descent import Point, descend
from headstart.strategies._discriminant import Scatter
from headstart.strategies._several_heads import SeveralHeads
from headstart.tasks import TASKS


def rehearsal(noise: float = 1.0, seed: int = 0) -> Rehearsal:
    """Five examples of each of 20 classes in two folds, with the scatter of as many others like them."""
    random = np.random.default_rng(seed)
    classes = torch.arange(200) % 40
    features = random.normal(0, 1, (40, 8))[classes] + noise * random.normal(0, 1, (200, 8))
    coordinates = torch.cat([torch.from_numpy(features).float(), torch.ones(200, 1)], dim=1)
    rows = classes < 20
    task = TASKS.load("classification").from_targets([f"class {place:02d}" for place in range(20)])
    held_out = torch.stack([torch.arange(100) < 50, torch.arange(100) >= 50]).float()
    problem = SeveralHeads(task, coordinates[rows], classes[rows], 2 * (1 - held_out))
    return Rehearsal(problem, held_out / 50 / 2 * 100, Scatter.of(coordinates[~rows], classes[~rows], 40))


def loss_of(tried: Rehearsal, both: Tensor) -> float:
    return tried.problem.loss(tried.problem.outputs(both), tried.judged)


def test_the_scale_is_the_best_of_its_neighbours():
    tried = rehearsal(noise=2.0)
    found = tried._fitting()
    whole = Centre(found.shrinkage, 1.0).heads(tried.problem, tried.scatter)
    least = loss_of(tried, found.scale * whole)
    assert all(least <= loss_of(tried, found.scale * factor * whole) for factor in (0.5, 0.5**0.5, 2**0.5, 2))


def test_a_fold_is_not_centred_on_what_it_holds_out():
    tried = rehearsal()
    before = Centre(0.1, 1.0).heads(tried.problem, tried.scatter)[:20]
    tried.problem.coordinates[:50] += 100.0
    after = Centre(0.1, 1.0).heads(tried.problem, tried.scatter)
    assert torch.equal(before, after[:20])
    assert not torch.allclose(before, after[20:])


def test_a_very_strong_penalty_leaves_the_centre_and_a_weak_one_the_plain_optimum():
    tried = rehearsal(noise=2.0)
    centre = Centre(0.1, 0.5).heads(tried.problem, tried.scatter)
    moved = descend(tried.problem, Point.beyond(tried.problem, centre), 1e6, 1e-8, 50)
    assert moved.both[:, :-1].abs().max() < 1e-5
    free = descend(tried.problem, Point.beyond(tried.problem, centre), 1e-3, 1e-8, 300)
    plain = descend(tried.problem, Point.at(tried.problem, tried.problem.start), 1e-3, 1e-8, 300)
    assert free.loss < plain.loss * 1.5
    outputs = tried.problem.outputs(centre + free.both)
    torch.testing.assert_close(free.outputs, outputs, atol=1e-2, rtol=1e-3)


def test_the_answer_is_the_least_held_out_loss_of_what_was_tried():
    tried = rehearsal(noise=2.0)
    strengths = (1e-4, 1e-2, 1e-1, 1.0)
    centre, strength, scores = tried.best(strengths, 1e-4, 50)
    assert strength == strengths[scores.index(min(scores))]
    fitting = tried._fitting()
    assert centre.shrinkage == fitting.shrinkage
    assert centre.scale in [pytest.approx(share * fitting.scale) for share in SHARES]
    others = []
    for share in SHARES:
        heads = Centre(fitting.shrinkage, share * fitting.scale).heads(tried.problem, tried.scatter)
        others.append(tried._score(heads, 1 / (strength * 100), 1e-4, 50))
    assert min(scores) == pytest.approx(min(others), rel=1e-5)
