"""What every adaptation promises; a new one joins by its file."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headstart.adaptations import ADAPTATIONS
from headstart.adaptations.base import Adaptation, Adapted, Domains
from headstart.model.network import Network
from headstart.tasks import TASKS
from pictured_domains import batch_of, pictured

CLASSES, WIDTH = 3, 6


def domains(shift: float = 2.0, count: int = 120, origins: int = 1) -> tuple[Domains, np.ndarray]:
    """A source and a new domain that is the same shifted and stretched, and the new classes, which nobody knows."""
    random = np.random.default_rng(0)
    centres = 3 * random.normal(size=(CLASSES, WIDTH))
    classes = np.arange(count) % CLASSES
    source = (centres[classes] + random.normal(size=(count, WIDTH))).astype(np.float32)
    stretched = (centres[classes] + random.normal(size=(count, WIDTH))) * np.linspace(0.7, 1.5, WIDTH) + shift
    task = TASKS.load("classification").from_targets([str(label) for label in classes])
    network = Network(nn.Identity(), task.head(WIDTH))  # type: ignore[arg-type]
    target = stretched.astype(np.float32)
    with torch.no_grad():
        outputs = network.head(torch.from_numpy(target))
    return Domains(task, network, source, classes, np.arange(count) % origins, target, outputs, strength=0.1), classes


def test_the_head_of_several_depths_keeps_them_or_the_last(adaptation: Adaptation) -> None:
    """What moves features hands on all depths; what trains the backbone, a head on the last features."""
    given, _ = pictured(depths=True, labels=20)
    made = adaptation.adapt(given)
    depths = made.network.depths
    assert depths == (() if adaptation.depth == 3 else given.network.depths)
    assert made.target.shape[1] == sum(given.widths[0 if depths else 1 :])
    assert made.network(batch_of(given.deep.target)).shape == made.outputs.shape
    if adaptation.depth < 3:
        assert torch.allclose(made.network(batch_of(given.deep.target)), made.outputs, atol=1e-4)


@pytest.fixture(scope="module", params=ADAPTATIONS.names())
def adaptation(request: pytest.FixtureRequest) -> Adaptation:
    made: Adaptation = ADAPTATIONS.load(request.param)()
    return made


def suited(adaptation: Adaptation, count: int = 120, origins: int = 1) -> tuple[Domains, np.ndarray]:
    """Domains in which the adaptation lacks nothing: with a few labels, or pictures and a backbone to train."""
    for made in (domains(count=count, origins=origins), pictured(count)):
        given, truth = made
        few = np.arange(0, count, 3)
        for each in (given, replace(given, labelled=few, classes_given=truth[few])):
            if not adaptation.missing(each):
                return each, truth
    pytest.fail(f"no domains here suit {type(adaptation).__name__}")


class Tried(NamedTuple):
    """Domains that suit an adaptation, the new classes, copies of what may not change, and what it made."""

    given: Domains
    truth: np.ndarray
    weights: dict[str, Tensor]
    source: np.ndarray
    target: np.ndarray
    made: Adapted


@pytest.fixture(scope="module")
def tried(adaptation: Adaptation) -> Tried:
    given, truth = suited(adaptation)
    weights = copy.deepcopy(given.network.state_dict())
    source, target = given.source.copy(), given.target.copy()
    return Tried(given, truth, weights, source, target, adaptation.adapt(given))


def test_it_mends_a_shift(tried: Tried) -> None:
    right, before = (
        float((outputs.argmax(dim=1).numpy() == tried.truth).mean())
        for outputs in (tried.made.outputs, tried.given.outputs)
    )
    assert right > max(0.8, before + 0.15)


def test_the_network_gives_the_outputs_that_it_says(tried: Tried) -> None:
    given, made = tried.given, tried.made
    assert made.outputs.shape == (len(given.target), given.task.outputs)
    assert made.target.shape[0] == len(given.target)
    assert made.source.shape == (len(given.source), made.target.shape[1])
    assert torch.allclose(made.network.head(torch.from_numpy(made.target)), made.outputs, atol=1e-4)


def test_it_changes_nothing_that_it_was_given(tried: Tried) -> None:
    after = tried.given.network.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in tried.weights.items())
    assert np.array_equal(tried.source, tried.given.source)
    assert np.array_equal(tried.target, tried.given.target)


def test_it_answers_the_same_twice(adaptation: Adaptation, tried: Tried) -> None:
    assert torch.equal(adaptation.adapt(tried.given).outputs, tried.made.outputs)


def test_it_takes_several_sources_and_fewer_examples_than_features(adaptation: Adaptation) -> None:
    given, _ = suited(adaptation, count=12, origins=2)
    assert torch.isfinite(adaptation.adapt(given).outputs).all()


def test_it_takes_a_source_of_one_example(adaptation: Adaptation) -> None:
    given, _ = suited(adaptation)
    alone = np.arange(len(given.source)) == 7
    assert torch.isfinite(adaptation.adapt(replace(given, origins=alone.astype(np.int64))).outputs).all()


def test_it_says_what_it_does(adaptation: Adaptation) -> None:
    assert adaptation.summary[0].islower()
    assert not adaptation.summary.endswith(".")
    assert adaptation.depth in (1, 2, 3)
    assert type(adaptation).__doc__


def test_a_sample_that_holds_more_of_a_rare_class_is_told_of(adaptation: Adaptation) -> None:
    """Where the old domain had nine in ten of the first class, more new inputs are taken for it than where all were
    equally common; shares that are those of the sample change nothing."""
    if adaptation.depth == 3:
        pytest.skip("the head of a trained backbone is not solved on the source examples again")
    given, _ = domains()
    given = replace(given, labelled=np.arange(3), classes_given=np.arange(3), target=given.target + 1.0)
    as_here = replace(given, shares=np.full(CLASSES, 1 / CLASSES))
    skewed = replace(given, shares=np.array([0.9, 0.05, 0.05]))
    made = [adaptation.adapt(each).outputs.softmax(dim=1) for each in (given, as_here, skewed)]
    assert torch.equal(made[0], made[1])
    assert made[2][:, 0].mean() > made[0][:, 0].mean()
