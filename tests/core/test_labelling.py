"""What to label next, on examples few enough to order by hand."""

import numpy as np
import pytest

from headstart.core.labelling import copies_of, rank_to_label, uncertainty

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
UNSURE, HALF, SURE = [0.5, 0.5], [0.75, 0.25], [1.0, 0.0]


def test_uncertainty_is_one_minus_the_margin():
    assert uncertainty(np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2]])) == pytest.approx([0.8, 0, 1])


def test_one_of_each_kind_comes_before_two_of_one():
    pool = np.array([EAST, EAST, NORTH, NORTH])
    order = rank_to_label(np.zeros((0, 2)), pool, np.array([UNSURE] * 4), 4)
    assert {order[0] // 2, order[1] // 2} == {0, 1}
    assert sorted(order) == [0, 1, 2, 3]


def test_what_is_far_from_the_labelled_comes_first():
    order = rank_to_label(np.array([EAST]), np.array([EAST, NORTH, WEST]), np.array([UNSURE] * 3), 3)
    assert order.tolist() == [2, 1, 0]  # squared distances 0, 2 and 4


def test_uncertainty_weighs_by_its_square():
    pool, given = np.array([WEST, NORTH]), np.array([HALF, UNSURE])
    assert rank_to_label(np.array([EAST]), pool, given, 1).tolist() == [1]  # 0.5² · 4 < 1² · 2


def test_what_the_model_is_sure_of_comes_last():
    order = rank_to_label(np.array([EAST]), np.array([WEST, EAST, NORTH]), np.array([SURE, UNSURE, UNSURE]), 3)
    assert order.tolist() == [2, 1, 0]


def test_large_features_are_no_reason():
    pool = np.array([[100.0, 0.0], [0.0, 0.1]])
    assert rank_to_label(np.array([EAST]), pool, np.array([UNSURE] * 2), 1).tolist() == [1]


def test_no_more_than_there_are():
    assert len(rank_to_label(np.array([EAST]), np.array([WEST, NORTH]), np.array([UNSURE] * 2), 10)) == 2
    assert len(rank_to_label(np.array([EAST]), np.zeros((0, 2)), np.zeros((0, 2)), 3)) == 0


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(3, 2\), \(2, 2\)"):
        rank_to_label(np.zeros((0, 2)), np.zeros((3, 2)), np.zeros((2, 2)), 1)


def test_copies_are_those_of_the_same_direction():
    known = np.array([EAST, NORTH])
    pool = np.array([[3.0, 0.0], [1.0, 0.1], WEST, [0.0, 0.999]], dtype=np.float16)
    assert copies_of(known, pool).tolist() == [True, False, False, True]
    assert copies_of(np.zeros((0, 2)), pool).tolist() == [False] * 4


def test_a_copy_is_one_however_its_features_were_rounded() -> None:
    """Turned by 0.02, a squared distance of 4e-4, as bfloat16 may; and by 0.03, 9e-4, as another text."""
    turned = np.array([[np.cos(angle), np.sin(angle)] for angle in (0.02, 0.03)])
    assert copies_of(np.array([[1.0, 0.0]]), turned).tolist() == [True, False]
