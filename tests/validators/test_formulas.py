"""Each validator computes its paper's formula: figures by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from headstart.validators.agreement import Agreement
from headstart.validators.base import Seen
from headstart.validators.importance_weighted_risk import ImportanceWeightedRisk
from headstart.validators.information_maximisation import InformationMaximisation
from headstart.validators.neighbourhood_density import NeighbourhoodDensity
from headstart.validators.nuclear_norm import NuclearNorm
from headstart.validators.reverse_validation import ReverseValidation


def seen(probable: list[list[float]]) -> Seen:
    given = np.array(probable)
    features = np.eye(len(given))
    return Seen(features, given, features, np.zeros(len(given), np.int64), given)


def test_information_by_hand() -> None:
    """Sure and even: log 2. Unsure: 0. Sure and all the same: 0."""
    asked = InformationMaximisation().validate
    assert asked(seen([[1, 0], [0, 1]])) == pytest.approx(math.log(2))
    assert asked(seen([[0.5, 0.5], [0.5, 0.5]])) == pytest.approx(0)
    assert asked(seen([[1, 0], [1, 0]])) == pytest.approx(0)


def test_nuclear_norm_by_hand() -> None:
    """Singular values of the identity are 1, 1: 2 / √(2 · 2). Of two equal rows (1, 0): √2 / 2."""
    assert NuclearNorm().validate(seen([[1, 0], [0, 1]])) == pytest.approx(1.0)
    assert NuclearNorm().validate(seen([[1, 0], [1, 0]])) == pytest.approx(math.sqrt(2) / 2)


def test_neighbourhood_density_by_hand() -> None:
    """Three equal answers have two neighbours of equal share each: log 2. Two crowds of two: about 0."""
    asked = NeighbourhoodDensity().validate
    assert asked(seen([[1, 0]] * 3)) == pytest.approx(math.log(2))
    # one neighbour at cosine 1, two at cosine 0: e^20 against 1 and 1
    share = math.exp(20) / (math.exp(20) + 2)
    rest = 1 / (math.exp(20) + 2)
    expected = -share * math.log(share) - 2 * rest * math.log(rest)
    assert asked(seen([[1, 0], [1, 0], [0, 1], [0, 1]])) == pytest.approx(expected)


def test_agreement_by_hand() -> None:
    """Twenty source examples, two classes apart; ten neighbours are all of the near class. Right κ = 1, wrong -1."""
    source = np.repeat([[1.0, 0.0], [0.0, 1.0]], 10, axis=0)
    classes = np.repeat([0, 1], 10)
    new = np.array([[1.0, 0.1], [0.1, 1.0]])
    right = Seen(new, np.array([[0.9, 0.1], [0.1, 0.9]]), source, classes, np.eye(2)[classes])
    assert Agreement().validate(right) == pytest.approx(1.0)
    # all votes lie with the other class: 0 agreement against a chance of 1/2
    assert Agreement().validate(replace(right, probable=right.probable[::-1])) == pytest.approx(-1.0)
    # one answer for all: half the votes agree, as chance has it
    assert Agreement().validate(replace(right, probable=np.array([[0.9, 0.1], [0.9, 0.1]]))) == pytest.approx(0.0)


def test_the_risk_of_equal_domains_is_the_plain_error() -> None:
    """Where nothing tells the domains apart every weight is 1, and R is the share of mistakes."""
    random = np.random.default_rng(0)
    features = random.normal(size=(60, 3))
    classes = np.arange(60) % 2
    said = np.eye(2)[classes]
    said[:6] = said[:6, ::-1]
    made = ImportanceWeightedRisk().validate(Seen(features, said, features, classes, said))
    assert made == pytest.approx(-0.1, abs=1e-6)


def test_the_risk_counts_mistakes_where_the_new_inputs_lie() -> None:
    random = np.random.default_rng(0)
    source = random.normal(size=(200, 2))
    new = random.normal(size=(200, 2)) + np.array([1.5, 0])
    classes, right = np.zeros(200, np.int64), np.tile([1.0, 0.0], (200, 1))
    near, far = right.copy(), right.copy()
    order = np.argsort(source[:, 0])
    near[order[-20:]], far[order[:20]] = [0, 1], [0, 1]
    risks = [ImportanceWeightedRisk().validate(Seen(new, right, source, classes, said)) for said in (near, far)]
    assert risks[0] < risks[1]


def test_the_source_is_learnt_back_from_right_answers() -> None:
    """Two classes on a line, at -1 and 1: right answers give 1, crossed ones 0, one answer for all 1 / 2."""
    source, classes = np.repeat([[-1.0], [1.0]], 5, axis=0), np.repeat([0, 1], 5)
    answers = np.eye(2)[classes]
    asked = ReverseValidation().validate
    assert asked(Seen(source, answers, source, classes, answers)) == 1.0
    assert asked(Seen(source, answers[:, ::-1], source, classes, answers)) == 0.0
    assert asked(Seen(source, np.tile([1.0, 0.0], (10, 1)), source, classes, answers)) == 0.5


def test_the_control_variate_of_the_risk_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights 1, 2, 3, 4, of mean 2.5, and a mistake at the last: w ℓ = 0, 0, 0, 4, of mean 1.

    Cov(w ℓ, w) = 4 · 4 / 4 - 1 · 2.5 = 1.5, Var w = 1.25, η = -1.2, so R = 1 + η · 2.5 - η = 1 - 1.8 = -0.8.
    """
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr("headstart.validators.importance_weighted_risk._weights", lambda source, new: weights)
    classes, said = np.zeros(4, np.int64), np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]])
    given = Seen(np.eye(4), said, np.eye(4), classes, said)
    assert ImportanceWeightedRisk().validate(given) == pytest.approx(0.8)
