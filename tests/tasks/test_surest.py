"""Of boxes that say the same the surest stays, where they vote at edges to which all of them are heard."""

from __future__ import annotations

import pytest
import torch

from headstart.tasks.finding.surest import surest

SIZE = torch.tensor([10.0, 10.0])


def found(boxes: list[tuple[list[float], int, float]], voting: bool) -> list[list[float]]:
    """What stays of (edges in pixels, class, score), of two classes: edges in pixels, score, class."""
    scores = torch.zeros(1, len(boxes), 2)
    for place, (_, label, score) in enumerate(boxes):
        scores[0, place, label] = score
    edges = torch.tensor([[edges for edges, _, _ in boxes]])
    (rows,) = surest(scores, edges, SIZE, voting=voting)
    assert rows.shape == (100, 6)
    return [[*(10 * row[:4]).tolist(), *row[4:].tolist()] for row in rows if row[5] >= 0]


def test_boxes_that_go_move_the_edges_of_the_one_that_stays_by_their_scores_and_overlaps():
    whole, shorter, apart = [0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 7.0], [5.0, 5.0, 10.0, 10.0]
    rows = found([(shorter, 0, 0.2), (whole, 0, 0.6), (apart, 0, 0.5)], voting=True)
    # They overlap by 0.7: (0.6 · 10 + 0.2 · 0.7 · 7) / (0.6 + 0.2 · 0.7) = 6.98 / 0.74. The third does by 0.25.
    assert rows[0] == pytest.approx([0, 0, 10, 6.98 / 0.74, 0.6, 0], abs=1e-5)
    assert rows[1] == pytest.approx([*apart, 0.5, 0], abs=1e-5)
    assert len(rows) == 2


def test_a_box_of_another_class_and_one_that_is_too_unsure_move_nothing():
    whole, shorter = [0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 8.0]
    rows = found([(whole, 0, 0.6), (shorter, 1, 0.5), (shorter, 0, 0.01)], voting=True)
    assert rows[0] == pytest.approx([0, 0, 10, 10, 0.6, 0], abs=1e-5)
    assert rows[1] == pytest.approx([0, 0, 10, 8, 0.5, 1], abs=1e-5)


def test_without_a_vote_the_surest_stays_as_it_is():
    (row,) = found([([0.0, 0.0, 10.0, 10.0], 0, 0.6), ([0.0, 0.0, 10.0, 7.0], 0, 0.5)], voting=False)
    assert row == pytest.approx([0, 0, 10, 10, 0.6, 0], abs=1e-5)
