"""Boxes and masks as what is explained: which place found a box, how its score falls, and where a mask is unsure."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headstart.core.errors import UsageError
from headstart.explanations._aims import aims_at
from headstart.explanations._box_aim import MOST, BoxAim
from headstart.explanations._mask_aim import MaskAim
from headstart.tasks.detection import Detection
from headstart.tasks.segmentation import Segmentation

BOXES = Detection(["cat", "dog"], [1, 1], (96, 96), 2)
MASKS = Segmentation(["sky", "road"], [1, 1], (64, 64), [0, 1], [(0, 0, 0), (9, 9, 9)])


def places(*rows: tuple[float, float, tuple[float, float], float]) -> torch.Tensor:
    """(1, P, 10) raw outputs, of stride 8 and central beyond doubt.

    Of each place its log-odds of cat and dog, its middle as shares, and how many pixels its edges are away.
    """
    made = [[cat, dog, *[away / 8] * 4, 50.0, *middle, 8.0] for cat, dog, middle, away in rows]
    return torch.tensor([made])


def box(label: str, *edges: float) -> dict[str, object]:
    return {"label": label, "score": 0.9, "edges": edges}


def test_a_box_is_explained_at_the_place_that_found_it() -> None:
    outputs = places((3.0, -9.0, (0.25, 0.25), 24.0), (2.0, 5.0, (0.75, 0.75), 24.0))
    aim = BoxAim(BOXES, {}, box("cat", 0.5, 0.5, 1.0, 1.0), outputs)
    assert (aim.name, aim.target, aim.place) == ("cat", 0, 1)
    assert aim.evidence(outputs).tolist() == [2.0]
    expected = torch.sigmoid(torch.tensor(2.0)).sqrt().item()
    assert aim.confidence(outputs).item() == pytest.approx(expected, abs=1e-4)
    assert aim.noun == "the score of this 'cat'"


def test_its_score_falls_with_the_overlap() -> None:
    """Shifted by half its width, a square shares a third of the union with itself; elsewhere nothing."""
    aim = BoxAim(BOXES, {}, box("cat", 0.5, 0.5, 1.0, 1.0), places((9.0, 0.0, (0.75, 0.75), 24.0)))
    moved = aim.confidence(places((9.0, 0.0, (0.5, 0.75), 24.0)))
    assert moved.item() == pytest.approx(1 / 3, abs=1e-3)
    assert aim.confidence(places((9.0, 0.0, (0.25, 0.25), 24.0))).item() == 0


def test_the_score_is_the_one_that_a_person_reads() -> None:
    """Bent so that the threshold, here 0.8, is one half: 0.9 is halfway from there to 1."""
    odds = float(np.log(0.81 / 0.19))
    outputs = places((odds, 0.0, (0.75, 0.75), 24.0))
    aim = BoxAim(BOXES, {"threshold": 0.8}, box("cat", 0.5, 0.5, 1.0, 1.0), outputs)
    assert aim.confidence(outputs).item() == pytest.approx(0.75, abs=1e-4)


def test_lines_follow_the_edges_of_the_box() -> None:
    aim = BoxAim(BOXES, {}, box("cat", 0.25, 0.5, 0.75, 1.0), places((3.0, 0.0, (0.5, 0.75), 24.0)))
    drawn = aim.outline((40, 20))
    assert drawn.shape == (20, 40)
    assert drawn[10, 10:30].all()
    assert drawn[19, 10:30].all()
    assert drawn[10:, 10].all()
    assert not drawn[11:19, 11:29].any()
    assert not drawn[:10].any()
    assert aim.inside(4, 4).nonzero().tolist() == [[2, 1], [2, 2], [3, 1], [3, 2]]


def test_the_surest_boxes_are_explained_or_those_of_a_label() -> None:
    spots = [((0.1 + 0.1 * i, 0.1 + 0.12 * i), 4.0) for i in range(7)]
    outputs = places(*((4.0 - 0.3 * i, -9.0, middle, away) for i, (middle, away) in enumerate(spots)))
    aims = aims_at(BOXES, {}, outputs)
    assert len(aims) == MOST
    confidences = [aim.confidence(outputs).item() for aim in aims]
    assert confidences == sorted(confidences, reverse=True)
    with pytest.raises(ValueError, match="no 'dog' was found"):
        aims_at(BOXES, {}, outputs, label="dog")
    with pytest.raises(UsageError, match=r"no label 'dgo'\. Did you mean 'dog'"):
        aims_at(BOXES, {}, outputs, label="dgo")
    with pytest.raises(ValueError, match="no box was found"):
        aims_at(BOXES, {}, places((-9.0, -9.0, (0.5, 0.5), 8.0)))


def test_a_mask_is_unsure_where_its_classes_are_as_likely() -> None:
    outputs = torch.zeros(1, 2, 64, 64)
    outputs[0, 0, :, :32] = 6.0
    outputs[0, 1, :, 40:] = 6.0
    (aim,) = aims_at(MASKS, {}, outputs)
    assert isinstance(aim, MaskAim)
    assert aim.doubts.shape == (64, 64)
    assert aim.doubts[10, 36].item() == pytest.approx(0.5, abs=0.02)
    assert aim.doubts[10, 10].item() == pytest.approx(1 / (1 + np.exp(6)), abs=0.002)
    assert aim.classes[10, 60] == 1
    assert aim.name == "mask, mostly sky"
    drawn = aim.outline((128, 128))
    assert drawn[:, 70:82].any(axis=1).all()
    assert not drawn[:, :60].any()
    with pytest.raises(UsageError, match="leave out --label"):
        aims_at(MASKS, {}, outputs, label="sky")
