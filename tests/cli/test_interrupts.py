"""Ctrl-C and a full disk: exit statuses, no traceback, nothing half-written, and the work done so far is kept."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import SafetensorError

from headstart.delivery import folder as model_folder
from headstart.training import checkpoint
from headstart.training.loop import Job
from headstart.training.progress_bar import ProgressBar
from small_world import PHOTO_PROBE, result_of, status

TUNING = ("--backbone", "tiny_resnet", "--strategy", "fine_tuning:freeze_depth=3,epochs=3,patience=9,views=0")


def test_ctrl_c_keeps_the_work_and_says_how_to_go_on(
    at_hand: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = []

    def pressed(self: ProgressBar, job: Job, moment: object) -> None:
        steps.append(job.name)
        if len(steps) == 4:  # 27 examples make two steps an epoch: one epoch is finished, one is under way
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_step_end", pressed)
        patch.setattr(checkpoint, "EVERY", 0.0)  # the epoch took no second
        assert status("fit", photos, "--out", "m", *TUNING) == 130
    said = capsys.readouterr()
    assert "--out m --resume" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not Path("m").exists()
    assert list(Path("m.unfinished").glob("*/state.json"))
    assert status("fit", photos, "--out", "m", "--resume", *TUNING) == 0
    assert "Going on with the unfinished fit" in capsys.readouterr().err
    assert not Path("m.unfinished").exists()
    assert result_of(Path("m"))["test"]


@pytest.mark.parametrize(
    ("labels", "step"),
    [((), "flow.compute_ahead"), (("--labels", "apple,lime"), "from_names.choose_reader_of_names")],
)
def test_ctrl_c_promises_nothing_where_there_is_nothing_to_go_on_from(
    at_hand: Path,
    photos: Path,
    labels: tuple[str, ...],
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """While examples are read; and of a model made from names alone, which keeps nothing on the way."""

    def pressed(*arguments: object) -> None:
        raise KeyboardInterrupt

    Path("loose").mkdir()
    for path in sorted(photos.rglob("*.png"))[:4]:
        shutil.copy(path, Path("loose") / f"{path.parent.name}-{path.name}")
    monkeypatch.setattr(f"headstart.experiment.fitting.{step}", pressed)
    assert status("fit", "loose" if labels else photos, *labels, "--out", "m", *PHOTO_PROBE[:2]) == 130
    said = capsys.readouterr().err
    assert "interrupted before there was anything to go on from. The same command starts anew." in said
    assert "--resume" not in said
    assert not list(Path().glob("m*"))


def test_ctrl_c_elsewhere_promises_nothing(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headstart.delivery.inference.Inference.run", pressed)
    assert status("predict", photo_model, photos) == 130
    said = capsys.readouterr().err
    assert "interrupted" in said
    assert "--resume" not in said


def no_space(*arguments: object, **more: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_space_for_tensors(*arguments: object, **more: object) -> None:
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_a_full_disk_leaves_no_half_of_a_model(
    at_hand: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """First there is no room for the weights; going on, none for what is written after them; then there is."""
    writers: dict[str, Callable[..., None]] = {"save_file": no_space_for_tensors, "_write_json": no_space}
    for more, (where, full) in zip(([], ["--resume"]), writers.items(), strict=True):
        with monkeypatch.context() as patch:
            patch.setattr(model_folder, where, full)
            assert status("fit", photos, "--out", "m", *more, *PHOTO_PROBE) == 1
        said = capsys.readouterr().err
        assert "could not be written" in said
        assert "No space left on device" in said
        assert "--resume" in said
        assert "Traceback" not in said
        assert {path.name for path in at_hand.iterdir()} == {"m.unfinished"}
    assert status("fit", photos, "--out", "m", "--resume", *PHOTO_PROBE) == 0
    assert {path.name for path in at_hand.iterdir()} == {"m"}


def test_a_full_disk_leaves_no_half_of_the_predictions(
    photo_model: Path,
    photos: Path,
    at_hand: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (at_hand / "p.csv").write_text("before")
    monkeypatch.setattr("os.fsync", no_space)
    assert status("predict", photo_model, photos, "-o", "p.csv") == 1
    assert "p.csv: could not be written" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in at_hand.iterdir()} == {"p.csv": "before"}


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX")
def test_a_file_that_may_not_grow_is_an_error_of_the_disk(photo_model: Path, at_hand: Path) -> None:
    """The writers themselves, not a stand-in: no file of this process may grow beyond 50 kB."""
    from headstart.core.errors import HeadstartError
    from headstart.delivery.artifact import load

    model = load(photo_model)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(HeadstartError, match=r"copy: could not be written \(.*too large"):
            model.save("copy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(at_hand.iterdir())


def test_an_unreadable_folder_is_no_traceback(
    at_hand: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(request: object, also: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(photos))

    monkeypatch.setattr("headstart.experiment.material.read_all", denied)
    assert status("fit", photos, "--out", "m") == 1
    said = capsys.readouterr().err
    assert "Permission denied" in said
    assert str(photos) in said


def test_a_reader_who_leaves_early_is_no_error() -> None:
    nobody_reads, end = os.pipe()
    os.close(nobody_reads)
    done = subprocess.run(
        [sys.executable, "-m", "headstart", "models"], stdout=end, stderr=subprocess.PIPE, timeout=200, check=False
    )
    os.close(end)
    assert done.stderr == b""
    assert done.returncode == 0
