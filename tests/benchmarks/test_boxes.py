"""The rows for boxes: torchvision's detectors start where headstart does, and the recipe is that of torchvision."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import headstart
from boxed_squares import COLOURS, squares
from headstart.backbones import load
from headstart.core.results import Figure
from headstart.model.network import new_network, suited
from small_detectors import saved
from small_world import tiny_resnet

pytestmark = pytest.mark.usefixtures("benchmarks")

SSD, SIDE = "ssd300_mobilenet_v1", 96


def line(name: str) -> ModuleType:
    """A part of the measurement."""
    return importlib.import_module(f"dense_lines.{name}")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares(tmp_path_factory.mktemp("dense") / "squares", 16, seed=0)


@pytest.fixture(scope="module")
def ssd(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("dense") / "ssd"
    saved(SSD, folder)
    return str(folder)


@pytest.fixture
def divided(benchmarks: Path, data: Path) -> Any:
    return line("_split").split(data)


def test_torchvisions_ssd_sees_and_places_what_headstarts_does(divided: Any, ssd: str) -> None:
    """Same maps, same default boxes, same pretrained steps; the class predictor alone is new."""
    backbone = load(ssd)
    task = divided.task.starting_from(backbone.detector)
    ours = new_network(suited(backbone, task), task).eval()
    theirs = line("_reference_detectors").pretrained_ssd(load(ssd), divided.task).eval()
    with torch.no_grad():
        image = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        pictures, _ = theirs.transform([image])
        maps = list(theirs.backbone(pictures.tensors).values())
        found = theirs.head(maps)
        boxes = theirs.anchor_generator(pictures, maps)[0] / SIDE
        raw = ours({"pixels": (image[None] - 0.5) / 0.5})
    columns = len(task.labels) + 1
    torch.testing.assert_close(raw[..., columns : columns + 4], found["bbox_regression"], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(raw[0, :, columns + 4 :], boxes, atol=1e-5, rtol=1e-5)
    assert found["cls_logits"].shape[2] == columns


def test_a_backbone_that_is_no_ssd_is_refused(divided: Any, tmp_path: Path) -> None:
    backbone = load(str(tiny_resnet(tmp_path / "tiny")))
    with pytest.raises(ValueError, match="no pretrained SSD"):
        line("_reference_detectors").pretrained_ssd(backbone, divided.task)


def test_fcos_reads_the_trunks_maps_and_keeps_its_statistics(divided: Any, tmp_path: Path) -> None:
    backbone = load(str(tiny_resnet(tmp_path / "tiny")))
    model = line("_reference_detectors").new_fcos(backbone, divided.task)
    strides = [SIDE // each.shape[2] for each in model.backbone(torch.zeros(1, 3, SIDE, SIDE)).values()]
    assert strides[:3] == [8, 16, 32]
    before = {name: value.clone() for name, value in model.backbone.body.state_dict().items()}
    line("_reference_recipe").train(model, divided, 0.1, 0)
    moved = {name for name, value in model.backbone.body.state_dict().items() if not torch.equal(value, before[name])}
    assert any("conv" in name for name in moved), "the trunk was to be trained"
    assert not any("running" in name for name in moved)


def test_the_rate_warms_up_and_falls_twice(benchmarks: Path) -> None:
    rate_at = line("_reference_recipe").rate_at
    given = [0.0, 0.5 / 26, 1 / 26, 0.5, 17 / 26, 23 / 26]
    assert [rate_at(gone) for gone in given] == pytest.approx([0.001, 0.5005, 1.0, 1.0, 0.1, 0.01])


def test_boxes_are_mirrored_with_their_pictures(divided: Any) -> None:
    recipe, random, lefts = line("_reference_recipe"), np.random.default_rng(0), set()
    for _ in range(20):
        pixels, marked = recipe._shown(divided, 0, random)
        lefts.add(float(marked["boxes"][0, 0]))
        for edges, label in zip(marked["boxes"], marked["labels"], strict=True):
            left, top, right, bottom = (int(edge) for edge in edges)
            shown = pixels[:, top:bottom, left:right].mean((1, 2)) * 255
            assert shown.tolist() == pytest.approx(COLOURS[divided.task.labels[int(label) - 1]], abs=1.0)
    assert len(lefts) == 2, "some were to be mirrored, and some not"


class Knowing(torch.nn.Module):
    """Finds what is marked, in the order it is asked."""

    def __init__(self, recipe: ModuleType, divided: Any) -> None:
        super().__init__()
        self.answers = [recipe._marked(boxes, divided.task.labels) for boxes in divided.test.targets]

    def forward(self, pictures: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        answer = self.answers.pop(0)
        return [{**answer, "scores": torch.ones(len(answer["labels"]))}]


def test_what_is_found_is_judged_by_our_figures_and_pycocotools_alike(divided: Any) -> None:
    recipe, coco = line("_reference_recipe"), line("_by_coco")
    found = recipe.found_by(Knowing(recipe, divided), divided.test)
    figures = divided.task.metrics(found, divided.asked)
    assert (figures["map"].value, figures["map50"].value) == (pytest.approx(1.0), pytest.approx(1.0))
    shifted = found.clone()
    shifted[: len(found) // 2, :, :4] += 0.04
    if not coco.installed():
        pytest.skip("pycocotools is not installed (extra detection)")
    figures, said = divided.task.metrics(shifted, divided.asked), coco.judged(shifted, divided.asked, 2)
    assert 0 < said["map"] < 1
    assert said == pytest.approx({name: figures[name].value for name in said}, abs=1e-6)


def test_stored_activations_are_those_that_the_full_path_computes(divided: Any, ssd: str, tmp_path: Path) -> None:
    path, backbone = line("frozen_once"), load(ssd)
    own = divided.__class__(divided.train, divided.test, divided.task.starting_from(backbone.detector))
    backbone = suited(backbone, own.task)
    network = new_network(backbone, own.task).requires_grad_(False).eval()
    maps = []
    for kind in (path.Workbench, path.ThroughAll):
        bench = path._bench(kind, own, backbone, 0, tmp_path / kind.__name__)
        part = bench.frozen_part(network)
        maps.append(part.frontier.trained(part.over(bench.train, [0, 1]).batch([3, 5], view=1)))
    assert part.frontier.is_input, "the full path was to begin with the pictures"
    assert tuple(maps[0]) == network.maps
    for name, values in maps[0].items():
        torch.testing.assert_close(values.float(), maps[1][name], atol=5e-3, rtol=5e-3)


def test_every_row_is_there(data: Path, ssd: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fit that answers at once leaves the other side no time: what its rows say is not looked at here."""
    monkeypatch.setenv("HEADSTART_MODELS", "")
    monkeypatch.setenv("HEADSTART_CACHE", "")
    boxes, asked = line("boxes"), line("_asked")
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(headstart, "fit", lambda source, **options: given.append(options) or answered())
    monkeypatch.setattr(boxes, "STARTS", {"SSD": (ssd, line("_reference_detectors").pretrained_ssd)})
    monkeypatch.setattr(boxes, "SETS", ("squares",))
    rows = list(boxes.measure(asked.Asked(data.parent, tmp_path, range(1), seconds=7.0)))
    assert given[0]["budget"] == 7.0
    assert {row["set"] for row in rows} == {"squares, SSD"}
    by_name = {(row["planted"], row["figure"]): row for row in rows}
    ours, theirs, difference = "headstart", "torchvision's recipe", "headstart minus torchvision's recipe"
    expected = {(side, figure) for side in (ours, theirs, difference) for figure in ("map", "map50")}
    if line("_by_coco").installed():
        expected.add(("our figures from pycocotools'", "largest difference"))
    assert set(by_name) == expected
    assert len(rows) == len(expected)
    for figure in ("map", "map50"):
        gained = by_name[difference, figure]
        assert by_name[ours, figure]["value"] == 0.5
        assert gained["value"] == pytest.approx(0.5 - by_name[theirs, figure]["value"])
        assert gained["must"] == "> 0"


def test_storing_gives_its_rows(data: Path, ssd: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HEADSTART_MODELS", "HEADSTART_CACHE"):
        monkeypatch.setenv(name, "")
    path, boxes = line("frozen_once"), line("boxes")
    monkeypatch.setattr(boxes, "STARTS", {"SSD": (ssd, None)})
    monkeypatch.setattr(boxes, "SETS", ("squares",))
    monkeypatch.setattr(path, "EPOCHS", 1)
    lost, ratio = path.measure(line("_asked").Asked(data.parent, tmp_path, range(1)))
    assert (lost["must"], ratio["must"]) == ("<= 0", "<= 0.4")
    assert "after 1 epochs" in lost["note"]
    assert ratio["value"] > 0


def answered() -> Any:
    """What a fit gives, after a moment."""
    time.sleep(0.05)
    figure = Figure(0.5, 0.4, 0.6)
    names = ("map", "map50", "miou", "dice")
    return SimpleNamespace(result=SimpleNamespace(test=dict.fromkeys(names, figure), chosen="head_training"))


def test_masks_give_a_row_for_each_figure_and_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HEADSTART_MODELS", "HEADSTART_CACHE"):
        monkeypatch.setenv(name, "")
    for split in ("train", "test"):
        scenes_in(tmp_path / "data" / "blocks" / split)
    tiny_resnet(tmp_path / "tiny")
    masks, asked = line("masks"), line("_asked")
    monkeypatch.setattr(headstart, "fit", lambda source, **options: answered())
    monkeypatch.setattr(masks, "BACKBONE", str(tmp_path / "tiny"))
    monkeypatch.setattr(masks, "SETS", {"blocks": "ground block"})
    rows = list(masks.measure(asked.Asked(tmp_path / "data", tmp_path, range(1))))
    assert [row["seed"] for row in rows] == [0] * 7
    gains = [row for row in rows if row["must"] == "> 0"]
    assert [row["figure"] for row in gains] == ["miou"] * 2 + ["dice"] * 2
    for row in gains:
        assert row["value"] == pytest.approx(0.5 - float(row["note"].split()[-1]), abs=1e-3)


def scenes_in(folder: Path) -> None:
    """Ten pictures of 96 × 64 pixels and their masks."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(10):
        mask = np.zeros((64, 96), np.uint8)
        mask[number : number + 30, 10:50] = 1
        Image.fromarray(np.stack([mask * 200] * 3, axis=2)).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "boxes", "--sets", "racoon"], "unknown sets: racoon; known: raccoon, bccd_blood_cells"),
        (["--only", "boxes", "--seconds", "0"], "--seconds 0: more than 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dense = importlib.import_module("dense")
    monkeypatch.setattr("sys.argv", ["dense.py", *words])
    with pytest.raises(SystemExit):
        dense.main()
    assert message in capsys.readouterr().err


def test_sets_are_taken_in_the_measurements_order(benchmarks: Path) -> None:
    asked = line("_asked").Asked(Path(), Path(), range(1), sets=("b", "a"))
    assert asked.of(["a", "c", "b"]) == ["a", "b"]
