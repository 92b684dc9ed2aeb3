"""Objects with masks from end to end: outlines in, a model, its figures, answers, report and reasons out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import headstart
from headstart.cli import main
from headstart.core.outlines import decompressed, run_lengths, unrolled
from headstart.data.read import read
from headstart.data.readers.base import Request
from outlined_shapes import COLOURS, bitmap_of, polygon_of, shapes
from own_coco_numbers import precision_by_pycocotools, renumbered

pytestmark = pytest.mark.usefixtures("few_draws", "narrow_masks", "small_batches")

SIDE = 96


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("masking") / "data", 12, seed=0, side=SIDE)


@pytest.fixture(scope="module")
def fitted(
    tiny_backbones: Path,
    data: Path,
    tmp_path_factory: pytest.TempPathFactory,
    few_draws: None,
    narrow_masks: None,
    small_batches: None,
) -> Path:
    """A model on a miniature without any pretraining."""
    folder = tmp_path_factory.mktemp("masked") / "model"
    headstart.fit(
        data, task="instances", backbone=str(tiny_backbones / "tiny_resnet"), strategy="head_training:epochs=10",
        budget="10m", out=folder, quiet=True,
    )  # fmt: skip
    return folder


def test_it_finds_and_outlines_what_it_has_learnt(fitted: Path, data: Path) -> None:
    result = json.loads((fitted / "result.json").read_text())
    assert result["task"] == "instances"
    value, low, high = result["test"]["map50"]
    assert low <= value <= high
    assert value > 0.15  # nothing learnt: 0.00
    assert {"map", "map75", "box_map", "box_map50"} <= result["test"].keys()
    assert result["test"]["average_precision"].keys() == set(COLOURS)
    again = headstart.load(fitted).evaluate(data / "annotations" / "instances_test.json")
    for name in ("map", "map50", "box_map"):
        assert again[name].value == pytest.approx(result["test"][name][0], abs=1e-3)


def test_answers_to_a_coco_file_have_its_numbers_and_its_precision(fitted: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "test", tmp_path / "given" / "test")
    truth = tmp_path / "given" / "mine.json"
    renumbered(data / "annotations" / "instances_test.json", truth)
    assert main(["predict", str(fitted), str(truth), "-o", str(tmp_path / "all"), "--least", "0"]) in (0, None)
    precise = headstart.load(fitted).evaluate(truth)
    assert precision_by_pycocotools(truth, tmp_path / "all", "bbox") == pytest.approx(
        precise["box_map"].value, abs=5e-3
    )
    assert precision_by_pycocotools(truth, tmp_path / "all", "segm") == pytest.approx(precise["map"].value, abs=0.02)


def test_masks_of_numbers_judge_as_the_same_masks_in_json_do(fitted: Path, data: Path, tmp_path: Path) -> None:
    """The test pictures twice: in JSON each object is a bitmap, in PNG files 1,000 times its class and its number."""
    content = json.loads((data / "annotations" / "instances_test.json").read_text())
    numbered, outlined, kinds = tmp_path / "numbered", tmp_path / "outlined", list(COLOURS)
    for folder in (numbered / "images", outlined):
        shutil.copytree(data / "test", folder)
    (numbered / "masks").mkdir()
    (numbered / "classes.txt").write_text("name,value\nbackground,0\ndisc,1\ntriangle,2\n")
    content["annotations"].sort(key=lambda each: each["category_id"])  # as numbers have them
    for image in content["images"]:
        numbers = np.zeros((SIDE, SIDE), np.uint16)
        own = [each for each in content["annotations"] if each["image_id"] == image["id"]]
        for place, each in enumerate(own, 1):
            x, y, side, _ = each["bbox"]
            bitmap = bitmap_of(polygon_of(kinds[each["category_id"] - 1], x, y, side), SIDE)
            numbers[bitmap] = 1000 * each["category_id"] + place
            rows, columns = np.flatnonzero(bitmap.any(axis=1)), np.flatnonzero(bitmap.any(axis=0))
            wide, high = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
            each["bbox"] = [int(value) for value in (columns[0], rows[0], wide, high)]
            each["segmentation"] = {"size": [SIDE, SIDE], "counts": run_lengths(bitmap)}
        Image.fromarray(numbers).save(numbered / "masks" / image["file_name"])
    (outlined / "objects.json").write_text(json.dumps(content))
    model = headstart.load(fitted)
    sources = (numbered, outlined / "objects.json")
    truths = [model.task.encode(read(Request(source, objects=True)).targets or []) for source in sources]
    torch.testing.assert_close(*truths, rtol=0, atol=0, equal_nan=True)  # all that figures know of the truth
    assert model.evaluate(numbered)["map50"].value > 0.15


def test_answers_hold_run_lengths_that_cover_the_objects(fitted: Path, data: Path, tmp_path: Path) -> None:
    assert main(["predict", str(fitted), str(data / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    content = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert content["annotations"]
    truth = json.loads((data / "annotations" / "instances_test.json").read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    numbers = {image["file_name"]: image["id"] for image in truth["images"]}
    best = []
    for found in content["annotations"]:
        mask = unrolled(decompressed(found["segmentation"]["counts"]), (SIDE, SIDE))
        assert mask.sum() == found["area"]
        pixels = np.asarray(Image.open(data / "test" / names[found["image_id"]]))
        coloured = np.abs(pixels.astype(int) - 125).max(axis=2) > 60
        best.append((mask & coloured).sum() / max(mask.sum(), 1))
        assert numbers[names[found["image_id"]]]
    assert np.mean(best) > 0.5  # of what is covered so much is an object, after a few steps; of a picture a fifth is
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 6
    table = (tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8")
    assert table.splitlines()[0] == "input,label,boxes"
    assert main(["predict", str(fitted), str(data / "test"), "-o", str(tmp_path / "found.jsonl")]) in (0, None)


@pytest.mark.usefixtures("one_explained")
def test_report_and_reasons(fitted: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (fitted / "report.html").read_text(encoding="utf-8")
    assert "a mask is outlined and tinted so" in page
    assert "mAP of boxes" in page
    assert "Why it says so" in page
    model = headstart.load(fitted)
    picture = next(each for each in sorted((data / "test").iterdir()) if model.predict([str(each)]) != ["nothing"])
    capsys.readouterr()
    asked = ["explain", str(fitted), str(picture), "--method", "hires_cam", "--out", str(tmp_path / "why"), "--json"]
    assert main(asked) in (0, None)
    first = json.loads(capsys.readouterr().out)["explanations"][0]
    assert first["label"] in COLOURS
    assert [check["name"] for check in first["checks"]] == ["removal", "randomisation", "inside"]
