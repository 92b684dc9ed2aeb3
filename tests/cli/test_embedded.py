"""Pictures where nobody brought a backbone: fit, rank, pretrain and models use the one in the package, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from headstart.backbones import load
from headstart.experiment.pretraining import plan as pretraining_plan
from headstart.experiment.pretraining import streaming
from small_world import HUES, PROBE, paint, result_of, status

pytestmark = pytest.mark.usefixtures("no_gains")

NAME = "headstart/embedded"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder on a machine without a network and without anybody's backbone."""
    for name in ("HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "caches" / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.usefixtures("few_reasons")
def test_a_fit_runs_at_once_and_says_what_would_be_better(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paint(bare / "photos", dict.fromkeys(HUES, 5))
    assert status("fit", "photos", *PROBE, "--engine", "eager", "--out", "model") == 0
    said = capsys.readouterr().err
    assert f"Backbone: {NAME} (the default of what is at hand" in said
    assert "no better one is at hand. A better one is timm/" in said
    assert result_of(bare / "model")["backbone"] == NAME
    model = headstart.load("model")
    assert model.predict([str(path) for path in sorted((bare / "photos" / "lime").iterdir())[:2]]) == ["lime"] * 2


def test_a_ranking_has_it_where_downloads_are_out_of_reach(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paint(bare / "photos", dict.fromkeys(HUES, 6))
    assert status("rank", "photos", "--engine", "eager", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pick"], [one["backbone"] for one in found["candidates"]]) == (NAME, [NAME])
    assert found["left_out"]
    assert all("HF_HUB_OFFLINE" in one["why"] for one in found["left_out"])


def test_it_is_listed(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("models") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(NAME)]
    for words in ("image", "2.3 M", "4.7 MB", "Apache-2.0", "yes", "taught by mobilenetv2_100 on 5,990 pictures"):
        assert words in line


def test_it_goes_on_learning_from_a_persons_own_pictures(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 32)
    monkeypatch.setattr(streaming, "BATCH", 16)
    asked = ("--teacher", "tiny_resnet", "--student", NAME, "--course", "streamed", "--size", 32, "--epochs", 1)
    assert status("pretrain", photos, *asked, "--out", "mine", "--json") == 0
    told = capsys.readouterr()
    assert f"Student: {NAME}, as it is." in told.err
    found = json.loads(told.out)
    assert (found["random_weights"], found["licence"]) == (False, "apache-2.0 and Apache-2.0")
    mine, config = load("mine"), json.loads(Path("mine/config.json").read_text())
    assert config["pretraining"].startswith(f"{NAME}, then taught by local/tiny_resnet")
    before = json.loads((Path(load(NAME).card.path) / "config.json").read_text())["learnt_from"]
    assert config["learnt_from"] == before + found["pictures"], "the static list goes by all that it has met"
    before, after = load(NAME).state_dict(), mine.state_dict()
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert moved
    stem = next(name for name in before if before[name].dim() == 4)
    assert torch.allclose(before[stem], after[stem], atol=0.1), "it did not begin anew"
    assert load_file("mine/model.safetensors").keys() == {name.removeprefix("network.") for name in before}
