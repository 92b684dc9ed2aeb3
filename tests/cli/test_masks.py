"""Segmentation from the command line: check, fit, predict and evaluate on pictures beside masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masked_pictures import FRAME, scenes
from small_world import result_of, status


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes(tmp_path_factory.mktemp("scenes") / "blocks", 40)


@pytest.fixture(scope="module")
def model(blocks: Path, tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from small_world import machine

    out = tmp_path_factory.mktemp("mask-model") / "model"
    with machine(tiny_backbones, out.parent / "cache"):
        arguments = ("--backbone", "local/tiny_resnet", "--strategy", "head_training:epochs=14,views=2")
        assert status("fit", blocks, "--out", out, "--budget", "5m", *arguments) == 0
    return out


def test_the_fit_finds_the_blocks_and_says_how_sure_each_figure_is(model: Path) -> None:
    result = result_of(model)
    assert result["task"] == "segmentation"
    assert result["test"]["miou"][0] > 0.7
    by_class = {name: result["test"].pop(name) for name in ("precision", "recall", "iou", "class_dice")}
    assert all(block.keys() == {"ground", "block"} for block in by_class.values())
    assert {"miou", "dice", "pixel_accuracy", "boundary_f1"} <= result["test"].keys()
    assert result["rungs"][0]["validation"].keys() == result["test"].keys()
    every = [*result["test"].values(), *(each for block in by_class.values() for each in block.values())]
    for value, low, high in every:
        assert low <= value <= high
    assert np.mean([each[0] for each in by_class["iou"].values()]) == pytest.approx(result["test"]["miou"][0])
    report = (model / "report.html").read_text(encoding="utf-8")
    assert "Masks beside the truth" in report
    assert "its true mask, and the predicted one" in report
    assert '<g class="lines"' in report
    assert not (model / "guard.json").exists()


def test_masks_are_written_in_full_size_with_a_palette_whole_or_not_at_all(
    at_hand: Path, model: Path, blocks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("predict", model, blocks, "-o", "drawn") == 0
    written = sorted((at_hand / "drawn" / "images").iterdir())
    assert len(written) == 40
    drawn = Image.open(written[3])
    assert (drawn.mode, drawn.size) == ("P", FRAME)
    truth = np.asarray(Image.open(blocks / "masks" / written[3].name))
    assert (np.asarray(drawn) == truth)[truth != 255].mean() > 0.85
    assert np.asarray(drawn.convert("RGB"))[truth == 1].mean(axis=0)[0] > 200
    over = sorted((at_hand / "drawn" / "pictures" / "images").iterdir())
    assert [each.stem for each in over] == [each.stem for each in written]
    shown, said, plain = (
        np.asarray(Image.open(path).convert("RGB"), float)
        for path in (over[3], written[3], blocks / "images" / written[3].name)
    )
    assert shown.shape[1::-1] == FRAME
    inside = said.any(axis=2)
    expected = np.where(inside[..., None], 0.55 * plain + 0.45 * said, plain)
    assert np.abs(shown - expected).mean() < 8, "but for what JPEG loses"
    rows = (at_hand / "drawn" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "input,label,confidence,shares,mask"
    assert len(rows) == 41
    assert status("predict", model, blocks, "-o", "drawn") == 1
    assert "not overwritten" in capsys.readouterr().err
    assert status("predict", model, blocks / "images", "-o", "table.csv") == 0


def test_evaluate_measures_on_masks_and_names_a_class_that_it_does_not_know(
    at_hand: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = scenes(at_hand / "new", 6, seed=1)
    assert status("evaluate", model, new, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["miou"][0] > 0.7
    (new / "classes.txt").write_text("ground\nbrick\n")
    assert status("evaluate", model, new) == 1
    assert "'brick'" in capsys.readouterr().err


def test_what_has_no_meaning_for_masks_is_refused_in_words(
    at_hand: Path, model: Path, blocks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (("compare", model, blocks), ("label", model, blocks)):
        assert status(*command) in (1, 2)
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert "segmentation" in said, said


def test_the_doubt_of_a_mask_is_shown_beside_its_edges(
    at_hand: Path, model: Path, blocks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert result_of(model)["test"]["doubt_auroc"][0] > 0.6
    assert "Where the model is unsure of its mask" in (model / "report.html").read_text(encoding="utf-8")
    assert status("explain", model, blocks / "images/00.png", "--out", "why", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    (found,) = said["explanations"]
    assert said["left_out"] == []
    assert (found["method"], found["trusted"]) == ("doubt", True)
    assert 0.5 < found["confidence"] <= 1
    assert 'class="pair"' in (at_hand / "why" / "explanations.html").read_text(encoding="utf-8")
    drawn = Image.open(at_hand / "why" / "00.doubt.png")
    assert drawn.width > 2 * FRAME[0]
    assert status("explain", model, blocks / "images/00.png", "--method", "grad_cam") == 2
    assert "explains one answer for the whole input" in capsys.readouterr().err


@pytest.mark.usefixtures("short_heads")
def test_the_last_stages_are_tuned_from_the_trained_head_on(
    at_hand: Path, blocks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strategy = "fine_tuning:freeze_depth=4,epochs=2,views=1"
    arguments = ("--backbone", "local/tiny_resnet", "--strategy", strategy, "--budget", "5m", "--json")
    assert status("fit", blocks, "--out", "tuned", *arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["chosen"] == "fine_tuning_from_4"
    assert len(result["rungs"][0]["curve"]) == 2
    assert status("evaluate", "tuned", blocks, "--json") == 0


def test_a_check_looks_at_pictures_with_masks(
    at_hand: Path, blocks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", blocks, "--json", "--backbone", "none", "--fail-on", "never") == 0
    told = capsys.readouterr()
    assert "Read 40 images" in told.err
    assert "label_conflicts" not in {found["diagnosis"] for found in json.loads(told.out)["findings"]}


def test_a_network_without_maps_is_refused(at_hand: Path, blocks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fit", blocks, "--out", "m", "--strategy", "feature_extraction", "--backbone", "local/tiny_resnet")
    assert "head training trains those that read maps" in capsys.readouterr().err


@pytest.mark.usefixtures("short_heads")
def test_what_transfer_gave_can_be_proven(
    at_hand: Path, blocks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("headstart.strategies._baselines.MOST_EPOCHS", 2)
    arguments = ("--strategy", "fine_tuning:freeze_depth=4,epochs=1,views=0", "--budget", "5m", "--prove", "--json")
    assert status("fit", blocks, "--out", "proven", "--backbone", "local/tiny_resnet", *arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result["gains"]) == {"from_scratch"}
    gain = result["gains"]["from_scratch"]
    value, low, high = gain["difference"]
    assert low <= value <= high
    assert value == pytest.approx(result["test"]["miou"][0] - gain["figure"][0])


def test_weights_in_between_are_refused_since_their_losses_are_not_kept(
    blocks: Path, tiny_backbones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from small_world import machine

    with machine(tiny_backbones, tmp_path / "cache"):
        arguments = ("--backbone", "local/tiny_resnet", "--strategy", "fine_tuning:interpolate=true")
        assert status("fit", blocks, "--out", tmp_path / "model", *arguments) == 2
    assert "for segmentation only answers are kept: leave it out" in capsys.readouterr().err
