"""The nearest others: by hand, and by a projection where there are many."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.diagnosis import _neighbours
from headstart.diagnosis._neighbours import nearest


def test_the_most_alike_come_first_and_nobody_is_its_own_neighbour() -> None:
    rows = np.array([[1, 0], [2, 0.2], [0, 3], [0, 0], [-1, 0]])
    places, alike = nearest(rows, rows, 2, same=True)
    assert places[0].tolist()[0] == 1
    np.testing.assert_allclose(alike[0], [2 / np.hypot(2, 0.2), 0], atol=1e-6)
    np.testing.assert_allclose(alike[3], [0, 0])
    assert nearest(rows[:1], rows[:1], 3, same=True)[0].shape == (1, 0)
    assert nearest(rows[:1], rows, 9, same=False)[0][0, :2].tolist() == [0, 1]


def test_many_wide_rows_are_compared_by_a_projection_first(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    kinds = random.standard_normal((20, 600)) + 2  # a large mean, as features behind a ReLU have
    rows = (kinds[random.integers(0, 20, 400)] + random.standard_normal((400, 600))).astype(np.float32)
    rows[399] = rows[7] + 0.1 * rows[3]
    exact, cosines = nearest(rows, rows, 5, same=True)
    monkeypatch.setattr(_neighbours, "_MANY", 100)
    found, alike = nearest(rows, rows, 5, same=True)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(alike, np.einsum("nd,nkd->nk", unit, unit[found]), atol=1e-5)
    assert (found[[7, 399], 0] == [399, 7]).all()
    assert (np.diff(alike, axis=1) <= 0).all()
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(exact, found, strict=True)]) > 0.8
    assert (cosines - alike).max() < 0.03
    assert not (found == np.arange(400)[:, None]).any()


def test_of_some_rows_alone_the_same_is_said() -> None:
    rows = np.random.default_rng(1).standard_normal((60, 8))
    places, alike = nearest(rows, rows, 4, same=True)
    asked = np.array([3, 17, 18, 59])
    some, cosines = nearest(rows, rows, 4, same=True, rows=asked)
    assert some.tolist() == places[asked].tolist()
    np.testing.assert_allclose(cosines, alike[asked], atol=1e-6)
    assert nearest(rows, rows, 4, same=True, rows=asked[:0])[0].shape == (0, 0)


@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_most_alike_of_many_are_those_of_a_full_sort(count: int) -> None:
    random = np.random.default_rng(2)
    rows = random.standard_normal((1637, 6)).astype(np.float32)  # 51 groups of 32, and 5 beside
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit[:300] @ unit.T
    strangers, _ = nearest(rows[:300].copy(), rows, count, same=False)
    assert (strangers == np.argsort(-cosines, axis=1, kind="stable")[:, :count]).all()
    cosines[np.arange(300), np.arange(300)] = -2
    others, _ = nearest(rows, rows, count, same=True, rows=np.arange(300))
    assert (others == np.argsort(-cosines, axis=1, kind="stable")[:, :count]).all()
