"""``headstart pretrain --course streamed``: crops that are never met twice, of several folders; fresh weights."""

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
from headstart.experiment.pretraining.streamed_course import StreamedCourse
from killed_pretraining import killed_before
from small_world import HUES, paint, status


@pytest.fixture(autouse=True)
def short_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)
    monkeypatch.setattr(streaming, "BATCH", 16)


def streamed(*more: object, out: str = "small") -> list[object]:
    wanted = ["--teacher", "tiny_resnet", "--student", "tiny_resnet", "--fresh", "--course", "streamed"]
    return [*wanted, "--size", 32, "--out", out, *more]


def test_a_killed_run_goes_on_to_the_same_bytes(photos: Path, at_hand: Path) -> None:
    options = ("--epochs", 3, "--probe", photos)
    assert status("pretrain", photos, *streamed(*options, out="whole")) == 0
    with killed_before(2):
        status("pretrain", photos, *streamed(*options, out="cut"))
    assert status("pretrain", photos, *streamed(*options, "--resume", out="cut")) == 0
    assert Path("cut/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    facts = [json.loads(Path(name, "pretraining.json").read_text()) for name in ("cut", "whole")]
    assert facts[0]["losses"] == facts[1]["losses"]
    assert facts[0]["crops"] == 3 * 96, "of 42 pictures two crops each, to whole batches of 16; never met twice"


def test_several_folders_teach_a_network_that_forgets_its_own_weights(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = paint(at_hand / "more", dict.fromkeys(HUES, 3), seed=9)
    assert status("pretrain", photos, more, *streamed("--epochs", 1, "--json")) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (found["pictures"], found["random_weights"]) == (42 + 3 * len(HUES), True)
    assert found["source"] == f"{photos.name} and more"
    assert "from random weights" in told.err
    assert load("small").card.licence == load("tiny_resnet").card.licence
    own = load_file(Path(load("tiny_resnet").card.path) / "model.safetensors")
    learnt = load_file("small/model.safetensors")
    filters = [name for name, tensor in learnt.items() if tensor.dim() == 4]
    distances = [float((learnt[name] - own[name].float()).norm() / own[name].float().norm()) for name in filters]
    assert min(distances) > 0.3


def test_the_way_of_a_gpu_is_planned_in_the_faster_layout(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that is done for a GPU but its arithmetic: bfloat16, both layouts tried, its batches."""
    tried: list[bool] = []
    trial = StreamedCourse._trial

    def slower_when_plain(self: StreamedCourse, channels_last: bool) -> float:
        tried.append(channels_last)
        return trial(self, channels_last) * (1 if channels_last else 1000)

    monkeypatch.setattr(StreamedCourse, "_on_gpu", True)
    monkeypatch.setattr(StreamedCourse, "_trial", slower_when_plain)
    monkeypatch.setattr(streaming, "BATCH_ON_GPU", 8)
    monkeypatch.setattr(streaming, "TIMED", 2)
    monkeypatch.setattr(pretraining_plan, "SECONDS", 1.0)
    plans = []
    course = StreamedCourse.course
    monkeypatch.setattr(StreamedCourse, "course", lambda self, plan: plans.append(plan) or course(self, plan))
    result = headstart.pretrain(
        photos, teacher="tiny_resnet", student="tiny_resnet", fresh=True, course="streamed", size=32, out="small",
        budget="15s",
    )  # fmt: skip
    assert sorted(tried) == [False, True]
    assert plans[-1].channels_last
    assert plans[-1].streamed
    assert plans[-1].batch_size == 8
    assert result.seconds < 45
    assert "each met once, 8 a step" in capsys.readouterr().err
    assert all(torch.isfinite(tensor).all() for tensor in load("small").state_dict().values())


def test_mistakes_are_said(photos: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("pretrain", photos, *streamed("--course", "steamed")) == 2
    assert "--course must be auto or one of stored, streamed, got 'steamed'" in capsys.readouterr().err
    assert status("pretrain", photos, *streamed("--size", 8)) == 2
    assert "--size must be at least 32 pixels, got 8" in capsys.readouterr().err
    assert status("pretrain", photos, messages, *streamed()) == 1
    assert "it holds texts, and" in capsys.readouterr().err
