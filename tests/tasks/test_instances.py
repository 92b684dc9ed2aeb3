"""Objects with masks: encoded, moved with views, found, and judged as pycocotools judges segmentations."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from coloured_objects import SIDE
from headstart.core.boxes import Box, Boxes, Outline
from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.core.outlines import compressed, run_lengths
from headstart.core.placement import Placement
from headstart.core.results import Figure
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.delivery.boxed_pictures import annotations_of, coco_json, drawn
from headstart.tasks import choose_task, task_from_description
from headstart.tasks.detection import Detection
from headstart.tasks.finding.masked import MOST, ROW, parted
from headstart.tasks.instances import Instances
from headstart.tasks.shapes.box_encoding import FOUND_LABEL, HEIGHT, LABEL
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, TRUE_CELLS, at, packed, unpacked, width_of
from headstart.tasks.shapes.pixel_masks import pasted
from outlined_shapes import bitmap_of, polygon_of, shapes


def disc(x: int, y: int, side: int, label: str = "disc", crowd: bool = False) -> Box:
    polygon = tuple(polygon_of("disc", x, y, side))
    return Box(x, y, x + side, y + side, label, crowd, outline=Outline(polygons=(polygon,)))


TARGETS = [Boxes((disc(10, 20, 60), disc(80, 20, 30, "ball")), (SIDE, SIDE)), Boxes((), (SIDE, SIDE))]
TASK = Instances.from_targets(TARGETS)


def test_bytes_come_back_out_of_packed_numbers() -> None:
    values = torch.randint(0, 256, (3, 4, FOUND_CELLS**2), generator=torch.Generator().manual_seed(0))
    numbers = packed(values)
    assert numbers.shape == (3, 4, width_of(FOUND_CELLS))
    torch.testing.assert_close(unpacked(numbers, FOUND_CELLS), values.unflatten(2, (28, 28)).float() / 255)
    torch.testing.assert_close(unpacked(numbers.double(), FOUND_CELLS), unpacked(numbers, FOUND_CELLS))


def test_a_pasted_grid_is_the_shape_to_its_edge() -> None:
    box = disc(11, 23, 70)
    grid = unpacked(TASK.encode([Boxes((box,), (SIDE, SIDE))])[0, :1, HEIGHT + 1 :], TRUE_CELLS)[0].numpy()
    mask = pasted(grid, box.corners, (SIDE, SIDE)).whole((SIDE, SIDE))
    truth = bitmap_of(list(box.outline.polygons[0]))  # type: ignore[union-attr]
    assert (mask & truth).sum() / (mask | truth).sum() > 0.99
    small = pasted(grid, box.corners, (SIDE, SIDE), longest=SIDE // 2)
    assert small.area == pytest.approx(truth.sum(), rel=0.02)


def test_masks_follow_views() -> None:
    encoded = TASK.encode(TARGETS)
    view = Placement(0.25, 0.125, 0.5, mirrored=True)
    moved = TASK.placed(encoded, [view, view])
    row, size = moved[0, 0], (64, 64)
    grid = unpacked(row[HEIGHT + 1 :], TRUE_CELLS).numpy()
    seen = pasted(grid, [float(edge) * 64 for edge in row[:4]], size).whole(size)
    truth = bitmap_of(polygon_of("disc", 10, 20, 60))[16:80, 32:96][:, ::-1]
    assert (seen & truth).sum() / (seen | truth).sum() > 0.98
    assert moved[1, :, LABEL].tolist() == [-1, -1]
    torch.testing.assert_close(TASK.placed(encoded, [Placement(0, 0, 1)] * 2), encoded)


def test_a_grid_is_read_at_another_box() -> None:
    grid = torch.zeros(1, 4, 4)
    grid[:, :, 2:] = 1  # the right half
    box = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    right = at(grid, box, torch.tensor([[0.5, 0.0, 1.0, 1.0]]), 4)
    assert right[0, :, 1:3].min() == 1
    mirrored = at(grid, box, torch.tensor([[1.0, 0.0, 0.0, 1.0]]), 4)
    torch.testing.assert_close(mirrored[0], grid[0].flip(1))
    assert at(grid, box, torch.tensor([[2.0, 2.0, 3.0, 3.0]]), 4).abs().max() == 0


def found(targets: list[Boxes], seed: int = 0, shrink: float = 0.12) -> torch.Tensor:
    """(N, 50, 268) kept outputs: the objects, their masks eaten away here and there, and a few that are not there."""
    random, eaten = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    kept = torch.zeros(len(targets), MOST, TASK.outputs)
    kept[..., FOUND_LABEL] = -1
    for row, target in enumerate(targets):
        boxes = [*target, disc(*random.integers(0, 60, 2), 40)]
        for slot, box in enumerate(boxes):
            shift = random.normal(0, 2, 4)
            edges = np.clip(np.array(box.corners) + shift, 0, SIDE) / SIDE
            grid = unpacked(TASK.encode([Boxes((box,), target.size)])[0, :1, HEIGHT + 1 :], TRUE_CELLS)
            own, other = torch.tensor(box.corners)[None] / SIDE, torch.tensor(edges)[None].float()
            read = at(grid, own.float(), other, FOUND_CELLS)[0] - shrink * torch.rand(28, 28, generator=eaten)
            score = random.uniform(0.3, 1.0)
            kept[row, slot, :6] = torch.tensor([*edges, score, TASK.labels.index(box.label)])
            kept[row, slot, 6:] = packed((255 * read.clamp(0, 1)).round().flatten())
    return kept


def several(count: int = 12) -> list[Boxes]:
    random = np.random.default_rng(1)
    made = []
    for _ in range(count):
        boxes = [disc(*random.integers(0, 70, 2), int(random.integers(16, 58)), "disc") for _ in range(2)]
        boxes.append(disc(*random.integers(0, 90, 2), 30, "ball", crowd=bool(random.integers(6) == 0)))
        made.append(Boxes(tuple(boxes), (SIDE, SIDE)))
    return made


Judged = tuple[list[Boxes], torch.Tensor, torch.Tensor, dict[str, Figure]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Several targets, what is found of them, the targets encoded, and the figures; not to be changed."""
    targets = several()
    outputs, encoded = found(targets), TASK.encode(targets)
    return targets, outputs, encoded, TASK.metrics(outputs, encoded)


def test_figures_are_those_of_pycocotools_for_segmentations(judged: Judged) -> None:
    tools = pytest.importorskip("pycocotools.coco", reason="the extra detection is not installed")
    evaluation = pytest.importorskip("pycocotools.cocoeval").COCOeval
    targets, outputs, _, own = judged
    truth: dict[str, list] = {
        "images": [{"id": i, "width": SIDE, "height": SIDE} for i in range(1, len(targets) + 1)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(TASK.labels, 1)],
        "annotations": [],
    }
    for number, target in enumerate(targets, 1):
        for box in target:
            bitmap = bitmap_of(list(box.outline.polygons[0]))  # type: ignore[union-attr]
            runs = {"size": [SIDE, SIDE], "counts": compressed(run_lengths(bitmap))}
            place = {"image_id": number, "category_id": TASK.labels.index(box.label) + 1, "iscrowd": int(box.crowd)}
            edges = [box.left, box.top, box.right - box.left, box.bottom - box.top]
            shape = {"segmentation": runs, "area": int(bitmap.sum()), "bbox": edges}
            truth["annotations"].append({"id": len(truth["annotations"]) + 1, **place, **shape})
    with contextlib.redirect_stdout(io.StringIO()):
        marked = tools.COCO()
        marked.dataset = truth
        marked.createIndex()
        for kind, names in (("segm", ("map", "map50", "map75")), ("bbox", ("box_map", "box_map50", "box_map75"))):
            reference = evaluation(marked, marked.loadRes(_results(outputs)), kind)
            reference.evaluate()
            reference.accumulate()
            reference.summarize()
            for name, theirs in zip(names, reference.stats, strict=False):
                assert own[name].value == pytest.approx(theirs, abs=0.02 if kind == "segm" else 1e-6), name


def _results(outputs: torch.Tensor) -> list[dict]:
    """All that is kept, whatever its score, as ``predictions.json`` writes what is shown."""
    results = []
    for number, rows in enumerate(outputs, 1):
        for row in rows[rows[:, FOUND_LABEL] >= 0]:
            corners = [float(edge) * SIDE for edge in row[:4]]
            mask = pasted(unpacked(row[6:], FOUND_CELLS).numpy(), corners, (SIDE, SIDE)).whole((SIDE, SIDE))
            edges = [corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]]
            runs = {"size": [SIDE, SIDE], "counts": compressed(run_lengths(mask))}
            place = {"image_id": number, "category_id": int(row[FOUND_LABEL]) + 1, "score": float(row[4])}
            results.append({**place, "segmentation": runs, "bbox": edges})
    return results


def test_figures_are_within_their_intervals_and_remeasured(judged: Judged) -> None:
    targets, outputs, encoded, figures = judged
    assert set(figures) <= set(TASK.higher_is_better)
    assert {"map", "map50", "box_map", "box_map50"} <= set(figures)
    for name, figure in figures.items():
        assert figure.low <= figure.value <= figure.high
        assert TASK.value(name, outputs, encoded) == pytest.approx(figure.value), name
    eaten = TASK.metrics(found(targets, shrink=1.5), encoded)
    assert eaten["map"].value < figures["map"].value - 0.2
    assert eaten["box_map"].value == pytest.approx(figures["box_map"].value, abs=0.02)
    assert len(TASK.mistakes(outputs, encoded)) == len(targets)
    assert [row["label"] for row in TASK.per_label(outputs, encoded)] == TASK.labels


def test_answers_have_a_mask_for_each_box_and_are_written_as_run_lengths() -> None:
    outputs = found(TARGETS)
    said = TASK.decode(outputs, {"threshold": 0.5})
    assert [len(boxes) for boxes in said.columns["boxes"]] == [len(grids) for grids in said.columns["masks"]]
    scores = [box["score"] for box in said.columns["boxes"][0]]
    assert scores == sorted(scores, reverse=True)
    box, grid = said.columns["boxes"][0][0], said.columns["masks"][0][0]
    shape = pasted(grid, [edge * SIDE for edge in box["edges"]], (SIDE, SIDE))
    categories = {label: number for number, label in enumerate(TASK.labels, 1)}
    annotations = annotations_of([{**box, "pixels": shape}], (SIDE, SIDE), categories)
    content = coco_json([(1, "a.png")], [(SIDE, SIDE)], [annotations], categories)
    (written,) = json.loads(json.dumps(content))["annotations"]
    assert written["area"] == shape.area
    assert written["segmentation"]["size"] == [SIDE, SIDE]
    from PIL import Image

    plain = Image.new("RGB", (SIDE, SIDE), "white")
    shown = Image.open(io.BytesIO(drawn(plain, [{**box, "pixels": shape}], TASK.labels)))
    middle = tuple(round(edge * SIDE) for edge in np.array(box["edges"]).reshape(2, 2).mean(axis=0))
    assert shown.getpixel(middle) != (255, 255, 255)


MAPS = [Map(f"map{stride}", 8, stride) for stride in (4, 8, 16, 32)]


def maps_of(width: int, height: int, count: int = 2) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {each.name: torch.randn(count, 8, height // each.stride, width // each.stride) for each in MAPS}


def test_the_loss_is_linear_in_the_weights_and_teaches_the_mask_layers() -> None:
    torch.manual_seed(0)
    head = TASK.map_head(MAPS)
    assert [each.stride for each in head.maps] == [each.stride for each in MAPS] == [4, 8, 16, 32]
    torch.nn.init.constant_(head.finder.classify.cls_logits.bias, 0.0)  # boxes are found everywhere
    width, height = TASK.frame
    outputs = head.train()(maps_of(width, height))
    whole = Boxes(tuple(disc(x, y, 40) for x in (0, 44, 88) for y in (0, 44, 88)), (SIDE, SIDE))
    encoded = TASK.encode([whole, TARGETS[0]])
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.3, 2.0])
    apart = 2 * TASK.loss(outputs, encoded, one) + 3 * TASK.loss(outputs, encoded, other)
    torch.testing.assert_close(TASK.loss(outputs, encoded, 2 * one + 3 * other), apart)
    TASK.loss(outputs, encoded).backward()
    assert head.masks.predict.weight.grad.abs().max() > 0


def test_a_picture_without_boxes_gives_a_loss_and_keeps_nothing() -> None:
    head = TASK.map_head(MAPS)
    torch.nn.init.constant_(head.finder.classify.cls_logits.bias, -20.0)
    outputs = head.train()(maps_of(*TASK.frame))
    encoded = TASK.encode([TARGETS[1], TARGETS[1]])
    assert torch.isfinite(TASK.loss(outputs, encoded))
    assert (TASK.kept(outputs)[..., FOUND_LABEL] == -1).all()


def test_rows_part_as_they_were_put_together() -> None:
    head = TASK.map_head(MAPS).eval()
    with torch.no_grad():
        maps = maps_of(*TASK.frame)
        outputs, rows = head(maps), head.finder(maps)
    own, found_boxes = parted(outputs)
    torch.testing.assert_close(own, rows)
    assert found_boxes.shape == (2, MOST, ROW)
    assert TASK.kept(outputs).shape == (2, MOST, TASK.outputs)


def test_it_is_described_and_made_again_and_boxes_are_the_default() -> None:
    again = task_from_description(json.loads(json.dumps(TASK.describe())))
    assert type(again) is Instances
    torch.testing.assert_close(again.encode(TARGETS), TASK.encode(TARGETS))
    task, why = choose_task(TARGETS)
    assert type(task) is Detection
    assert "--task instances gives masks too" in why
    assert type(choose_task(TARGETS, "instances")[0]) is Instances
    assert type(TASK.starting_from(None)) is Instances
    start = Detector("ssd", (), {})
    assert TASK.starting_from(start).detector == start


def test_a_target_without_an_outline_is_a_problem_by_box() -> None:
    target = Boxes((disc(0, 0, 30), Box(40, 40, 60, 60, "ball")), (SIDE, SIDE))
    assert TASK.problem(target) == "box 2 of 2 (ball): it has no outline"
    wrong = Box(4, 4, 20, 20, "disc", outline=Outline(counts=(100,), size=(10, 10)))
    assert "are of 10×10 pixels, and the picture has 128×128" in (TASK.problem(Boxes((wrong,), (SIDE, SIDE))) or "")
    unasked = Box(4, 4, 20, 20, "disc", crowd=True)
    assert TASK.problem(Boxes((unasked,), (SIDE, SIDE))) is None
    assert TASK.problem(Boxes((Box(4, 4, 20, 20, "cat"),), (SIDE, SIDE))).startswith("the class 'cat'")  # type: ignore[union-attr]


def test_masks_stay_beside_their_boxes_where_an_unknown_class_is_left_out() -> None:
    region = Box(0, 0, 9, 9, "ignored", crowd=True)
    target, alone = (Boxes(marked, (SIDE, SIDE)) for marked in ((region, disc(10, 20, 60)), (disc(10, 20, 60),)))
    assert TASK.problem(target) is None
    torch.testing.assert_close(TASK.encode([target]), TASK.encode([alone]))


def test_all_forms_of_outlines_are_read_from_a_file(tmp_path: Path) -> None:
    found_examples = read(Request(shapes(tmp_path / "shapes", 6, 0)))
    forms = [
        (bool(box.outline.polygons), type(box.outline.counts))
        for target in found_examples.targets or []
        for box in target
    ]
    assert {(True, tuple), (False, tuple), (False, str)} == set(forms)
    task = Instances.from_targets(found_examples.targets or [])
    assert not task.problems(found_examples.ids, found_examples.targets or [])
