"""What every adaptation promises; a new one joins by its file."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from headstart.adaptations import ADAPTATIONS
from headstart.adaptations.base import Adaptation, Domains
from headstart.model.network import Network
from headstart.tasks import TASKS

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


@pytest.fixture(params=ADAPTATIONS.names())
def adaptation(request: pytest.FixtureRequest) -> Adaptation:
    made: Adaptation = ADAPTATIONS.load(request.param)()
    return made


def tried(adaptation: Adaptation, given: Domains) -> None:
    if missing := adaptation.missing(given):
        pytest.skip(missing)


def test_it_mends_a_shift(adaptation: Adaptation) -> None:
    given, truth = domains()
    tried(adaptation, given)
    made = adaptation.adapt(given)
    right = float((made.outputs.argmax(dim=1).numpy() == truth).mean())
    assert right > 0.9


def test_the_network_gives_the_outputs_that_it_says(adaptation: Adaptation) -> None:
    given, _ = domains()
    tried(adaptation, given)
    made = adaptation.adapt(given)
    assert made.outputs.shape == (len(given.target), CLASSES)
    assert made.target.shape[0] == len(given.target)
    assert made.source.shape == (len(given.source), made.target.shape[1])
    assert torch.allclose(made.network.head(torch.from_numpy(made.target)), made.outputs, atol=1e-4)


def test_it_changes_nothing_that_it_was_given(adaptation: Adaptation) -> None:
    given, _ = domains()
    tried(adaptation, given)
    before = copy.deepcopy(given.network.state_dict())
    source, target = given.source.copy(), given.target.copy()
    adaptation.adapt(given)
    assert all(torch.equal(before[name], tensor) for name, tensor in given.network.state_dict().items())
    assert np.array_equal(source, given.source)
    assert np.array_equal(target, given.target)


def test_it_answers_the_same_twice(adaptation: Adaptation) -> None:
    given, _ = domains()
    tried(adaptation, given)
    assert torch.equal(adaptation.adapt(given).outputs, adaptation.adapt(given).outputs)


def test_it_takes_several_sources_and_fewer_examples_than_features(adaptation: Adaptation) -> None:
    given, _ = domains(count=12, origins=2)
    tried(adaptation, given)
    assert torch.isfinite(adaptation.adapt(given).outputs).all()


def test_it_says_what_it_does(adaptation: Adaptation) -> None:
    assert adaptation.summary[0].islower()
    assert not adaptation.summary.endswith(".")
    assert adaptation.depth in (1, 2, 3)
    assert type(adaptation).__doc__
