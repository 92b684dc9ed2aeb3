"""Moving the source: known maps are found again, and what a covariance is made into is checked."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.adaptations._answers import evened
from headstart.adaptations._learning import weights_of
from headstart.adaptations._moments import covariance, power
from headstart.adaptations._moved import sources
from headstart.adaptations.coral import Coral
from headstart.adaptations.label_propagation import neighbours
from headstart.adaptations.linear_transport import LinearTransport
from headstart.adaptations.standardise import Standardise
from headstart.adaptations.subspace import Subspace


def sample(count: int = 4000, width: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, width)) @ np.diag([1.0, 2.0, 0.5]) + 1


@pytest.mark.parametrize(
    ("kinds", "apart"),
    [
        (["ab" * 10, "ab" * 10], [range(20), range(20, 40)]),
        (["ab" * 10, "a" * 20, "b" * 20], [range(20), range(20, 60)]),  # the two complete each other
        (["abc" * 10, "a" * 20], [range(50)]),  # one class alone is not moved onto all of them
        (["ab" * 10, "ab"], [range(22)]),  # two examples have no moments
        (["ab" * 9, "ab" * 10, "a"], [range(18, 38), [*range(18), 38]]),  # and join the smallest that has
        (["a" * 20, "a" * 5], [range(25)]),
        (["a", "b"], [range(2)]),
    ],
)
def test_a_source_that_lacks_classes_or_examples_is_not_moved_by_itself(
    kinds: list[str], apart: list[Sequence[int]]
) -> None:
    classes = np.array([ord(kind) for each in kinds for kind in each])
    origins = np.repeat(np.arange(len(kinds)), [len(each) for each in kinds])
    found = sources(SimpleNamespace(classes=classes, origins=origins, source=classes[:, None]))  # type: ignore[arg-type]
    assert [rows.tolist() for rows in found] == [list(rows) for rows in apart]


def test_standardising_undoes_a_shift_and_a_stretch_exactly() -> None:
    source = sample()
    target = source * [2.0, 0.5, 3.0] + [1.0, -4.0, 0.0]
    assert np.allclose(Standardise().move(source, target), target)


def test_a_feature_that_does_not_vary_is_only_moved() -> None:
    source = np.array([[1.0, 0.0], [1.0, 2.0]])
    target = np.array([[5.0, 0.0], [7.0, 4.0]])
    assert Standardise().move(source, target).tolist() == [[6.0, 0.0], [6.0, 4.0]]


def test_coral_gives_the_covariance_of_the_target() -> None:
    """With many examples the shrinkage is next to nothing, so numpy's covariances agree."""
    source = sample()
    target = sample() @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.2, 0.0, 1.0]])
    moved = Coral().move(source, target)
    assert np.allclose(np.cov(moved.T), np.cov(target.T), atol=0.15)
    assert np.allclose(moved.mean(axis=0), target.mean(axis=0))


def quarter() -> np.ndarray:
    """(8, 2) points whose covariance is the identity: on each axis ±2 and two at nought, N D / (N D) = 1."""
    return 2.0 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]] * 2) / 2**0.5


def test_coral_whitens_first_and_colours_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """C_s = diag(4, 1) and C_t = [[2, 1], [1, 2]] do not commute, so the order is seen.

    C_s^(-1/2) = diag(½, 1); C_t has the eigenvalues 3 and 1 at 45°, so its root is ½ [[√3 + 1, √3 - 1], [√3 - 1,
    √3 + 1]]. The point (1, 0) off the mean goes to half its first row, (0, 1) to its second.
    """
    monkeypatch.setattr("headstart.adaptations.coral.covariance", lambda features: np.cov(features.T, bias=True))
    root = np.array([[3**0.5 + 1, 3**0.5 - 1], [3**0.5 - 1, 3**0.5 + 1]]) / 2
    source, target = quarter() @ np.diag([2.0, 1.0]), quarter() @ root + [5.0, 7.0]
    assert np.cov(source.T, bias=True) == pytest.approx(np.diag([4.0, 1.0]))
    assert np.cov(target.T, bias=True) == pytest.approx(np.array([[2.0, 1.0], [1.0, 2.0]]))
    moved = Coral().move(source, target) - [5.0, 7.0]
    assert moved[0] == pytest.approx(2**0.5 * root[0])  # (2 √2, 0) whitened is (√2, 0)
    assert moved[2] == pytest.approx(2**0.5 * root[1])


def test_linear_transport_finds_a_symmetric_map() -> None:
    """A symmetric positive map is the Monge map between a Gaussian and its image (Peyré & Cuturi 2019, 2.31)."""
    source = sample()
    stretch = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]])
    target = source @ stretch
    assert np.allclose(LinearTransport().move(source, target), target, atol=0.2)


def test_subspace_alignment_of_a_domain_with_itself_changes_little() -> None:
    source = sample(50)
    source = source + 0.01 * np.random.default_rng(1).normal(size=source.shape)
    kept = Subspace().move(source, source)
    # standardised, and only what lies off the first min(100, n - 1, D) directions is lost: nothing here
    spread = (kept - source.mean(axis=0)) / source.std(axis=0)
    assert np.allclose(spread, (source - source.mean(axis=0)) / source.std(axis=0), atol=1e-6)


def test_subspace_alignment_turns_the_directions_of_the_source_onto_those_of_the_target() -> None:
    """Sources spread along (1, 1, 0) and a little along (0, 0, 1), targets along (1, 0, 1) and a little along y.

    With one direction kept, x' = (x · p)(p · q) q for p = (1, 1, 0) / √2 and q = (1, 0, 1) / √2, in units of the
    deviations: every source example is laid along q, shrunk by p · q = ½.
    """
    along = np.array([-2.0, -1.0, 1.0, 2.0]) / 2.5**0.5  # deviation 1
    off = np.array([1.0, -1.0, -1.0, 1.0])  # deviation 1, orthogonal to it
    source = np.stack([along, along, off], axis=1)
    target = 3 * np.stack([along, off, along], axis=1) + 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headstart.adaptations.subspace.DIRECTIONS", 1)
        moved = Subspace().move(source, target)
    q = np.array([1.0, 0.0, 1.0]) / 2**0.5
    expected = 10 + 3 * (along * 2**0.5)[:, None] * 0.5 * q
    assert moved == pytest.approx(expected)


def test_powers_of_a_covariance() -> None:
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert np.allclose(power(matrix, 0.5) @ power(matrix, 0.5), matrix)
    assert np.allclose(power(matrix, -0.5) @ matrix @ power(matrix, -0.5), np.eye(2))


def test_the_covariance_has_an_inverse_with_few_examples() -> None:
    assert np.linalg.cond(covariance(np.random.default_rng(0).normal(size=(5, 40)))) < 1e3


def test_answers_are_made_even_by_hand() -> None:
    """Rows (.9, .1) and (.6, .4) to shares of one half: odds 9 and 1.5 times r with both means 1/2, r = 1/√13.5."""
    made = evened(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0.5, 0.5]))
    assert made.mean(axis=0) == pytest.approx([0.5, 0.5])
    odds = 9 / 13.5**0.5
    assert made[0, 0] == pytest.approx(odds / (1 + odds))


def test_a_class_that_nobody_gives_is_no_trouble() -> None:
    made = evened(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.5, 0.5]))
    assert made == pytest.approx(np.full((2, 2), 0.5))  # rows that are the same become the shares


def test_both_domains_count_as_much() -> None:
    weights = weights_of(4, np.array([1.0, 0.5]))
    assert weights.mean() == pytest.approx(1)
    assert weights[:4].sum() == pytest.approx(weights[4:].sum())
    assert weights[4] == pytest.approx(2 * weights[5])


def test_the_graph_joins_neighbours_only() -> None:
    """Two crowds of eleven at a right angle: ten neighbours each, none across."""
    features = np.concatenate([np.tile([1.0, 0.0], (11, 1)), np.tile([0.0, 1.0], (11, 1))])
    graph = neighbours(features)
    assert np.allclose(graph[:11, 11:], 0)
    assert np.allclose(graph[:11, :11], (1 - np.eye(11)) / 10)
