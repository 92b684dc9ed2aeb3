"""Strangeness: distances by hand, the nearest examples, and the threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.model.novelty import familiar, strangeness, threshold, to_directions

ROOT = math.sqrt(2)
RIGHT, UP, LEFT, DOWN = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]


def test_what_is_usual_by_hand() -> None:
    """Chords of the unit circle: each example's two others, (√2 + 2) / 2, √2 and (√2 + 2) / 2."""
    known = familiar(np.array([RIGHT, UP, LEFT]) * 7)
    mine = np.array([(ROOT + 2) / 2, ROOT, (ROOT + 2) / 2])
    assert known.usual == pytest.approx(mine.mean())
    assert known.spread == pytest.approx(mine.std())


def test_strangeness_by_hand() -> None:
    """At two depths; the earlier one counts half."""
    known = familiar(np.array([RIGHT, UP, LEFT]))
    near, far = [[2.0, 0.0]], [DOWN]
    z = [((0 + ROOT + 2) / 3 - known.usual) / known.spread, ((ROOT + ROOT + 2) / 3 - known.usual) / known.spread]
    assert strangeness([known], [np.array(near)])[0] == pytest.approx(z[0], abs=1e-5)
    both, places = strangeness([known, known], [np.array(near), np.array(far)])
    assert both == pytest.approx(0.5 * z[0] + z[1], abs=1e-5)
    assert set(places[0, :2]) == {0, 2}
    assert places[0, 2] == 1


def test_a_training_example_is_no_neighbour_of_itself() -> None:
    """Of two, three and again two others on the circle: as far as is usual of each, so the mean is nought."""
    three = np.array([RIGHT, UP, LEFT])
    known = familiar(three)
    strange, places = strangeness([known], [np.array([*three, DOWN])], np.array([0, 1, 2, -1]))
    assert strange[0] == pytest.approx(((ROOT + 2) / 2 - known.usual) / known.spread, abs=1e-5)
    assert strange[:3].mean() == pytest.approx(0, abs=1e-5)
    assert [set(row) for row in places[:3].tolist()] == [{1, 2}, {0, 2}, {0, 1}]


def test_the_nearest_come_first() -> None:
    angles = np.linspace(0, math.pi, 9)
    known = familiar(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    _, places = strangeness([known], [np.array([[1.0, 0.01]])])
    assert places.tolist() == [list(range(9))]


def test_what_is_unlike_all_is_stranger() -> None:
    random = np.random.default_rng(0)
    centre = random.normal(size=32)
    known = familiar(centre + random.normal(size=(200, 32)))
    alike, _ = strangeness([known], [centre + random.normal(size=(50, 32))])
    unlike, _ = strangeness([known], [random.normal(size=(50, 32))])
    assert np.quantile(alike, 0.95) < np.quantile(unlike, 0.1)


def test_the_threshold_is_the_corrected_quantile() -> None:
    assert threshold(np.arange(1.0, 101)) == 96  # ⌈101 · 0.95⌉ = ⌈95.95⌉
    assert threshold(np.arange(1.0, 20)) == 19  # ⌈20 · 0.95⌉ = 19
    assert threshold(np.array([3.0, 1.0])) == 3


def test_copies_and_zeros_are_no_trouble() -> None:
    known = familiar(np.array([RIGHT, RIGHT, RIGHT]))
    assert np.isfinite(strangeness([known], [np.array([RIGHT, [0.0, 0.0]])])[0]).all()
    assert to_directions(np.zeros((1, 2))).tolist() == [[0.0, 0.0]]
