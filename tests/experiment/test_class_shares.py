"""Shares of the classes among new inputs: by hand, and a class that hardly appears is named."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from headstart.adaptations.base import Domains
from headstart.delivery.artifact import Model
from headstart.experiment.adaptation.class_shares import estimated_shares, rare_among, rare_classes
from headstart.experiment.adaptation.domains import shares_of
from headstart.model.network import Network
from headstart.tasks import TASKS

HALVES = np.array([0.5, 0.5])
EVEN = np.tile([[0.9, 0.1], [0.1, 0.9]], (50, 1))


def domains(count: int = 100) -> Domains:
    task = TASKS.load("classification").from_targets(["a", "b"])
    network = Network(nn.Identity(), task.head(2))  # type: ignore[arg-type]
    source, target = np.zeros((40, 2), np.float32), np.zeros((count, 2), np.float32)
    return Domains(task, network, source, np.arange(40) % 2, np.zeros(40, int), target, torch.zeros(count, 2), 1.0)


def test_shares_of_sure_answers_are_their_counts() -> None:
    sure = np.eye(2)[[0] * 30 + [1] * 10]
    assert estimated_shares(sure, HALVES) == pytest.approx([0.75, 0.25])


def test_shares_solve_the_likelihood_by_hand() -> None:
    """Answers (.8, .2) three times, (.2, .8) once, priors ½: maximise 3 log(.2 + .6 q) + log(.8 - .6 q).

    At 3 · .6 / (.2 + .6 q) = .6 / (.8 - .6 q) that is 2.4 - 1.8 q = .2 + .6 q, q = 11 / 12.
    """
    answers = np.array([[0.8, 0.2]] * 3 + [[0.2, 0.8]])
    assert estimated_shares(answers, HALVES) == pytest.approx([11 / 12, 1 / 12], abs=1e-6)


def test_a_class_that_hardly_appears_is_named() -> None:
    """Fifty of a hundred are to be expected; answers that are all alike are likeliest where there is none of b."""
    none = np.tile([0.9, 0.1], (100, 1))
    (finding,) = rare_classes(domains(), [none])
    assert "b (about 0 of 100, 50 to expect)" in finding.summary
    assert rare_classes(domains(), [none, EVEN]) == []  # one that moves features finds it
    assert rare_classes(domains(), [EVEN]) == []


def test_a_few_stray_answers_do_not_hide_a_missing_class() -> None:
    """A tenth of the answers lean to b by 6 to 4: too many for a count, and the likeliest share is nought."""
    stray = np.tile([[0.95, 0.05]] * 9 + [[0.4, 0.6]], (10, 1))
    assert rare_among(domains(), [stray]).tolist() == [1]


def test_with_few_inputs_chance_is_not_named() -> None:
    assert rare_among(domains(4), [np.tile([0.9, 0.1], (4, 1))]).tolist() == []


def test_what_is_to_be_expected_is_the_share_in_the_old_domain_not_in_its_sample() -> None:
    """The sample holds as much of both; in the old domain one in ten was b, and so it is among the new inputs."""
    tenth = np.tile([[0.99, 0.01]] * 9 + [[0.01, 0.99]], (10, 1))
    assert rare_among(domains(), [tenth]).tolist() == [1]
    assert rare_among(replace(domains(), shares=np.array([0.9, 0.1])), [tenth]).tolist() == []


def test_classes_are_as_common_as_the_task_counted_them() -> None:
    """Of 90 and 10 the guard kept 10 each; a further source is taken as it is: (18 + 0, 2 + 20) of 40."""
    kept = np.repeat([0, 1], 10)
    task = TASKS.load("classification").from_targets(["a"] * 90 + ["b"] * 10)
    model = cast(Model, SimpleNamespace(task=task, provenance={}))
    assert shares_of(model, [kept]) == pytest.approx([0.9, 0.1])
    assert shares_of(model, [kept, np.ones(20, int)]) == pytest.approx([18 / 40, 22 / 40])
    adapted = cast(Model, SimpleNamespace(task=task, provenance={"adapted_by": "standardise"}))
    assert shares_of(adapted, [kept]) == pytest.approx([0.5, 0.5])
