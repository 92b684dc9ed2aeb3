"""``headstart pretrain --course streamed``: crops that are never met twice, of several folders; fresh weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import headstart
from headstart.backbones import load
from headstart.experiment.pretraining import plan as pretraining_plan
from headstart.experiment.pretraining import streaming
from headstart.experiment.pretraining.streamed_course import StreamedCourse
from headstart.pretraining import Learner, _turns
from killed_pretraining import killed_before
from small_world import HUES, paint, status


@pytest.fixture(autouse=True)
def short_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)
    monkeypatch.setattr(streaming, "BATCH", 16)


def streamed(*more: object, out: str = "small") -> list[object]:
    wanted = ["--teacher", "tiny_resnet", "--student", "tiny_resnet", "--fresh", "--course", "streamed"]
    return [*wanted, "--size", 32, "--device", "cpu", "--out", out, *more]


def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch, step: Callable[..., torch.Tensor], batch: int) -> None:
    """A course that takes its device for a GPU, whose steps of `batch` crops at most are `step`."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(StreamedCourse, "_on_gpu", True)
    monkeypatch.setattr(Learner, "step", step)
    monkeypatch.setattr(streaming, "BATCH_ON_GPU", batch)
    monkeypatch.setattr(streaming, "TIMED", 2)
    monkeypatch.setattr(pretraining_plan, "SECONDS", 0.25)


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

    as_on_a_gpu(monkeypatch, Learner.step, 8)
    monkeypatch.setattr(StreamedCourse, "_trial", slower_when_plain)
    plans = []
    course = StreamedCourse.course
    monkeypatch.setattr(StreamedCourse, "course", lambda self, plan: plans.append(plan) or course(self, plan))
    result = headstart.pretrain(
        photos, teacher="tiny_resnet", student="tiny_resnet", fresh=True, course="streamed", size=32, out="small",
        budget="4s",
    )  # fmt: skip
    assert sorted(tried) == [False, True]
    assert plans[-1].channels_last
    assert plans[-1].streamed
    assert plans[-1].batch_size == 8
    assert result.seconds < 45
    assert "each met once, 8 a step" in capsys.readouterr().err
    assert all(torch.isfinite(tensor).all() for tensor in load("small").state_dict().values())


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The rows of each decoding, where no more than ten of the pictures fit at 1.6 times 32 pixels."""
    met: list[list[int]] = []
    pool_of = _turns.pool_of

    def noted(inputs: object, rows: np.ndarray, *rest: object) -> object:
        met.append(rows.tolist())
        return pool_of(inputs, rows, *rest)

    monkeypatch.setattr(_turns, "pool_of", noted)
    monkeypatch.setattr(streaming, "HELD", 10 * 3 * 51**2)
    return met


@pytest.mark.parametrize("method", [(), ("--method", "vicreg")])
def test_only_pictures_that_were_shown_are_said_to_be_learnt_from(
    method: tuple[str, ...], photos: Path, at_hand: Path, decoded: list[list[int]]
) -> None:
    """Ten of 42 fit, so that an epoch has crops of ten; two epochs have met twenty, five all of them."""
    how = ("--student", "tiny_resnet", "--fresh", "--device", "cpu", *method) if method else streamed()[:-2]
    for epochs, pictures in ((1, 10), (2, 20), (5, 42)):
        decoded.clear()
        assert status("pretrain", photos, *how, "--epochs", epochs, "--out", f"after{epochs}") == 0
        found = json.loads(Path(f"after{epochs}", "pretraining.json").read_text())
        assert found["pictures"] == len({row for rows in decoded for row in rows}) == pictures
        assert json.loads(Path(f"after{epochs}", "config.json").read_text())["learnt_from"] == pictures
        assert found["crops"] == epochs * 80, "seven of each make the usual 64, in whole batches of 16"
        assert [len(rows) for rows in decoded] == [10] * epochs


def test_a_trial_decodes_no_more_than_the_first_epoch(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[list[int]]
) -> None:
    """Both layouts, the look at how features differ and the first epoch share the pictures of one turn."""
    monkeypatch.setattr(pretraining_plan, "SECONDS", 0.1)
    trial = StreamedCourse._trial
    monkeypatch.setattr(StreamedCourse, "_trial", lambda self, last: 0.05 * (trial(self, last) > 0))
    assert status("pretrain", photos, *streamed("--budget", "10s")) == 0
    found = json.loads(Path("small/pretraining.json").read_text())
    assert found["epochs"] == len(decoded)
    assert found["pictures"] == min(42, 10 * found["epochs"])


@pytest.mark.parametrize("long", [("--epochs", 1), ("--budget", "3s")])
def test_a_device_of_little_memory_takes_smaller_steps(
    long: tuple[object, ...], photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    sizes: list[int] = []
    step, most = Learner.step, 8

    def limited(self: Learner, number: int, batch: dict[str, torch.Tensor], wanted: object) -> torch.Tensor:
        if len(batch["pixels"]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nOf the allocated memory")
        sizes.append(len(batch["pixels"]))
        return step(self, number, batch, wanted)

    as_on_a_gpu(monkeypatch, limited, 32)
    assert status("pretrain", photos, *streamed(*long)) == 0
    assert set(sizes) == {8}
    capsys.readouterr()
    most = 4
    assert status("pretrain", photos, *streamed(*long, out="none")) == 1
    said = capsys.readouterr().err
    why = "(CUDA out of memory. Tried to allocate 9 GiB)"
    assert f"cannot learn on this device from crops of 32 pixels {why}. Take smaller ones (--size)" in said
    assert not Path("none").exists()


def test_a_network_that_cannot_have_channels_last_learns_with_channels_first(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Learner.step

    def first_alone(self: Learner, number: int, batch: dict[str, torch.Tensor], wanted: object) -> torch.Tensor:
        if self.course.plan.channels_last:
            raise RuntimeError("view size is not compatible")
        return step(self, number, batch, wanted)

    as_on_a_gpu(monkeypatch, first_alone, 8)
    assert status("pretrain", photos, *streamed("--budget", "3s")) == 0
    assert "channels last cannot be computed: view size" in capsys.readouterr().err


def test_mistakes_are_said(photos: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("pretrain", photos, *streamed("--course", "steamed")) == 2
    assert "--course must be auto or one of stored, streamed, got 'steamed'" in capsys.readouterr().err
    assert status("pretrain", photos, *streamed("--size", 8)) == 2
    assert "--size must be at least 32 pixels, got 8" in capsys.readouterr().err
    assert status("pretrain", photos, messages, *streamed()) == 1
    assert "it holds texts, and" in capsys.readouterr().err
