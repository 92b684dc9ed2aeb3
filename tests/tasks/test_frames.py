"""How large pictures are brought to the network: by device, by pictures, and as asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from boxed_squares import squares
from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.experiment.material import find
from headstart.tasks import choose_task
from headstart.tasks.shapes.frames import frame_for_boxes, frame_for_masks

LARGE = [(3000, 3000)] * 3


def test_a_gpu_sees_larger_pictures() -> None:
    assert frame_for_boxes(LARGE, device="cpu") == frame_for_boxes(LARGE, device="mps") == (320, 320)
    assert frame_for_boxes(LARGE, device="cuda") == (640, 640)
    assert frame_for_masks(LARGE, device="cpu") == (512, 512)
    assert frame_for_masks(LARGE, device="cuda") == (1024, 1024)


def test_pictures_are_not_made_larger_unless_that_is_asked_for() -> None:
    assert frame_for_boxes([(480, 480)], device="cuda") == frame_for_masks([(480, 480)], device="cuda") == (480, 480)
    assert frame_for_boxes([(480, 480)], 800) == frame_for_masks([(480, 480)], 800) == (800, 800)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_asked_for_is_the_area_for_boxes_and_the_longer_side_for_masks(device: str) -> None:
    wide = [(1600, 400)] * 2
    assert frame_for_boxes(wide, 640, device) == (1280, 320)
    assert frame_for_masks(wide, 640, device) == (640, 160)
    assert frame_for_boxes([(500, 500)], 650, device) == (640, 640)  # 20.3 steps of 32


def test_no_side_is_shorter_than_a_few_places() -> None:
    assert frame_for_boxes([(5000, 50)], 96) == (960, 96)
    assert frame_for_masks([(5000, 50)], 96) == (96, 64)
    assert frame_for_boxes([(0, 0)], device="cuda") == (640, 640)  # of no picture is the size known


@pytest.mark.parametrize("side", [95, 4097, -640])
def test_a_side_that_no_frame_has_is_refused(side: int) -> None:
    with pytest.raises(UsageError, match=f"--frame: the side of the frame lies from 96 to 4096 pixels; got {side}"):
        FitSpec("data", frame=side)


def test_a_task_without_places_has_no_frame() -> None:
    task, _ = choose_task(["cat", "dog"] * 5)
    assert task.framed([], None, "cuda") is task
    with pytest.raises(UsageError, match="--frame is for boxes and masks in pictures; a model for classification"):
        task.framed([], 640, "cpu")


def test_the_frame_of_a_fit_is_that_of_its_device_or_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = FitSpec(str(squares(tmp_path / "data", 2, seed=0, side=656)))
    quiet = Progress(quiet=True)
    assert find(spec, quiet).task.frame == (320, 320)
    described = find(replace(spec, frame=500), quiet).task.describe()
    assert described["frame"] == [512, 512]  # the next multiple of 32; this is part of what is written and of keys
    monkeypatch.setattr("headstart.experiment.material.choose_device", lambda _: torch.device("cuda"))
    assert find(spec, quiet).task.frame == (640, 640)
