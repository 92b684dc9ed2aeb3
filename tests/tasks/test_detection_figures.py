"""Average precision equals that of pycocotools, also on resamples; misses and false alarms by hand."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest

from headstart.core.statistics import bootstrap_draws
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.tasks.figures.detection_figures import (
    FIGURES,
    average_precision,
    best_threshold,
    false_alarms,
    measure,
    misses,
    tally,
    trade_off,
    values,
)
from headstart.tasks.shapes.box_matching import Detected, Truth, match

IN_COCO = {"map": 0, "map50": 1, "map75": 2, "map_small": 3, "map_medium": 4, "map_large": 5}
"""Places of our figures in ``COCOeval.stats``."""


def truth(corners, labels, crowd=None, ignored=None) -> Truth:
    corners = np.array(corners, float).reshape(-1, 4)
    crowd = np.zeros(len(corners), bool) if crowd is None else np.array(crowd, bool)
    return Truth(corners, np.array(labels, int), crowd, crowd | (np.array(ignored, bool) if ignored else False))


def detected(corners, scores, labels) -> Detected:
    return Detected(np.array(corners, float).reshape(-1, 4), np.array(scores, float), np.array(labels, int))


def made_up(seed: int, pictures: int = 12, classes: int = 3, digits: int = 1) -> tuple[list[Detected], list[Truth]]:
    """Boxes of all sizes, some of them crowds, and detections that are jittered copies, wrong classes or nothing."""
    rng = np.random.default_rng(seed)
    found, marked = [], []
    for _ in range(pictures):
        count = rng.integers(0, 9)
        at, side = rng.uniform(0, 300, (count, 2)), np.exp(rng.uniform(np.log(8), np.log(250), (count, 2)))
        corners, labels = np.concatenate([at, at + side], axis=1), rng.integers(0, classes, count)
        marked.append(truth(corners, labels, rng.uniform(size=count) < 0.1))
        copies = rng.integers(0, count, rng.integers(0, 3 * count + 1)) if count else np.zeros(0, int)
        sides = np.tile(side[copies], 2)
        moved = corners[copies] + sides * rng.normal(0, 0.08, (len(copies), 4))
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        stray = rng.uniform(0, 200, (5, 2))
        moved = np.concatenate([moved, np.concatenate([stray, stray + rng.uniform(5, 150, (5, 2))], axis=1)])
        called = np.concatenate([labels[copies], rng.integers(0, classes, 5)])
        called = np.where(rng.uniform(size=len(called)) < 0.15, rng.integers(0, classes, len(called)), called)
        found.append(detected(moved, rng.uniform(size=len(moved)).round(digits), called))  # 1: with many ties
    return found, marked


def by_coco(found: list[Detected], marked: list[Truth], classes: int) -> np.ndarray:
    """``COCOeval.stats`` of the same boxes."""
    pytest.importorskip("pycocotools", reason="pycocotools is not installed (extra detection)")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def written(corners: np.ndarray, labels: np.ndarray, picture: int) -> list[dict]:
        return [
            {
                "image_id": picture + 1,
                "category_id": int(label) + 1,
                "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                "area": (box[2] - box[0]) * (box[3] - box[1]),
            }
            for box, label in zip(corners.tolist(), labels, strict=True)
        ]

    boxes = [
        {**one, "iscrowd": int(crowd)}
        for i, each in enumerate(marked)
        for one, crowd in zip(written(each.corners, each.labels, i), each.crowd, strict=True)
    ]
    results = [
        {**one, "score": score}
        for i, each in enumerate(found)
        for one, score in zip(written(each.corners, each.labels, i), each.scores.tolist(), strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": i + 1} for i in range(len(marked))],
            "categories": [{"id": i + 1} for i in range(classes)],
            "annotations": [{**box, "id": i + 1} for i, box in enumerate(boxes)],
        }
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes(results), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return judged.stats


@pytest.mark.parametrize("seed", range(20))
def test_figures_are_those_of_coco(seed: int) -> None:
    found, marked = made_up(seed)
    stats = by_coco(found, marked, 3)
    ours = values(match(found, marked, 3), len(marked))
    for name, place in IN_COCO.items():
        assert ours.get(name, -1.0) == pytest.approx(stats[place], abs=1e-6), name


@pytest.mark.parametrize("seed", range(5))
def test_resampled_figures_are_those_of_the_pictures_drawn(seed: int) -> None:
    """Matched once and weighted, against all pictures written out as often as they were drawn."""
    found, marked = made_up(seed, digits=9)
    matched, draws = match(found, marked, 3), bootstrap_draws(len(marked), count=6, seed=seed)
    for draw in draws:
        drawn = draw.tolist()
        stats = by_coco([found[i] for i in drawn], [marked[i] for i in drawn], 3)
        for name, place in IN_COCO.items():
            own = measure(name, matched, draw[None])[0]
            assert (-1.0 if np.isnan(own) else own) == pytest.approx(stats[place], abs=1e-6), name


def test_real_boxes_jittered(shared: Path) -> None:
    examples = read(Request(shared / "data" / "bccd_blood_cells"))
    rng, names = np.random.default_rng(0), ["Platelets", "RBC", "WBC"]
    found, marked = [], []
    for target, split in zip(examples.targets or [], examples.splits or [], strict=True):
        if split != "test":
            continue
        corners, labels = [box.corners for box in target], [names.index(box.label) for box in target]
        marked.append(truth(corners, labels))
        moved = marked[-1].corners + rng.normal(0, 6, (len(target), 4))
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        found.append(detected(moved, rng.uniform(size=len(target)), labels))
    stats = by_coco(found, marked, 3)
    matched = match(found, marked, 3)
    ours = values(matched, len(marked))
    for name, place in IN_COCO.items():
        assert ours.get(name, -1.0) == pytest.approx(stats[place], abs=1e-6), name
    assert 0.1 < ours["map"] < 0.9
    resampled = measure("map50", matched, bootstrap_draws(len(marked)))
    assert resampled.shape == (1000,)
    assert np.std(resampled) > 0


ONE = truth([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], [0, 0, 1], ignored=[False, False, False])
FOUND = detected(
    [[0, 0, 10, 10], [0, 0, 10, 9], [60, 60, 70, 70], [20, 0, 30, 6], [40, 0, 50, 10]],
    [0.9, 0.8, 0.7, 0.6, 0.5],
    [0, 0, 0, 0, 1],
)
"""Of class 0: right, a second time the same box, nothing there, right by 0.6 of the union; of class 1: right."""


def test_by_hand() -> None:
    first, second = match([FOUND], [ONE], 2)
    assert first.hits[0, 0].tolist() == [True, False, False, True]
    assert first.partners.tolist() == [0, -1, -1, 1]
    # Precision 1 up to recall 0.5 (51 of 101 points), then 2 of 4.
    assert average_precision(first, "map50", np.array([[0]]))[0] == pytest.approx((51 + 50 * 0.5) / 101)
    # At the overlaps 0.5, 0.55 and 0.6 the fourth counts, above that one box is found and one is not.
    assert average_precision(first, "map", np.array([[0]]))[0] == pytest.approx(
        (3 * (51 + 50 * 0.5) + 7 * 51) / 10 / 101
    )
    assert average_precision(second, "map", np.array([[0]]))[0] == pytest.approx(1.0)
    line = trade_off("cat", first)
    assert [recall for recall, _ in line.points] == [0.5, 0.5, 0.5, 1.0]
    assert [precision for _, precision in line.points] == pytest.approx([1, 1 / 2, 1 / 3, 2 / 4])
    assert (line.found, line.missed, line.alarms) == (2, 0, 2)
    assert line.used == (1.0, 0.5)
    assert line.average_precision == pytest.approx((51 + 50 * 0.5) / 101)


def test_misses_and_false_alarms() -> None:
    first, second = match([FOUND], [ONE], 2)
    assert (tally(first, 0.65).found, tally(first, 0.65).missed, tally(first, 0.65).alarms) == (1, 1, 2)
    assert false_alarms(first, 0.75) == [(0, 1, 0.8)]
    assert false_alarms(first, 0.0) == [(0, 1, 0.8), (0, 2, 0.7)]
    assert misses(first, 0.65, [np.array([0, 1])]) == [(0, 1)]
    assert misses(first, 0.6, [np.array([0, 1])]) == []
    assert misses(second, 0.6, [np.array([2])]) == [(0, 2)]
    # Class 0 has F1 2/3 from 0.9 on and 2/3 from 0.6 on, class 1 has 1 from 0.5 on alone.
    assert best_threshold([first, second]) == 0.5


def test_what_is_ignored_is_neither_right_nor_wrong() -> None:
    hard = truth([[0, 0, 10, 10], [20, 0, 30, 10]], [0, 0], ignored=[True, False])
    (one,) = match([detected([[0, 0, 10, 10]], [0.9], [0])], [hard], 1)
    assert tally(one, 0.5).alarms == 0
    assert tally(one, 0.5).missed == 1


def test_nothing_found_and_nothing_asked() -> None:
    empty, none = detected([], [], []), truth([], [])
    (missed,) = match([empty, empty], [truth([[0, 0, 9, 9]], [0]), none], 1)
    assert values([missed], 2) == {"map": 0.0, "map50": 0.0, "map75": 0.0, "map_small": 0.0}
    assert np.isnan(measure("map", [missed], np.array([[1, 1]]))).all()
    assert values(match([empty], [none], 1), 1) == {}
    assert best_threshold([missed]) == 0.5
    assert set(FIGURES) == set(IN_COCO)
