"""``kill -9`` at any moment: ``--resume`` goes on, and gives the same model as the run nobody killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from headstart.core.in_use import Mark
from headstart.experiment.fitting import finishing
from headstart.experiment.presentation import evidence
from headstart.experiment.unfinished import free_name
from small_world import PHOTO_PROBE, machine, result_of, status

pytestmark = pytest.mark.usefixtures("no_gains")

MOMENTS = 3
"""How often the run is killed; more moments prove more and take longer (ten: about a minute more)."""

DEEP = "fine_tuning:freeze_depth=0,epochs=4,patience=9,views=2"
FIT = ("--device", "cpu", "--backbone", "tiny_resnet", "--strategy", DEEP)


def go(folder: Path, environment: dict[str, str], arguments: list[str]) -> None:
    """One ``headstart`` process, in `folder`."""
    os.chdir(folder)
    os.environ.update(environment)
    evidence.FOR_THE_FIRST = 0.0  # of a report, which is not compared, no answer is explained
    finishing.gains_of = lambda *_: {}  # nor is what transfer gave
    tempfile.tempdir = environment["TMPDIR"]  # what a killed process leaves there nobody else removes
    with open("said.txt", "a") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        sys.exit(status(*arguments))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    tiny_backbones: Path, photos: Path, tmp_path: Path
) -> None:
    # A server that has imported torch once forks every process: each is killed for real, and starts in no time.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["headstart.experiment", "headstart.cli.fit", "timm", "small_world", "sklearn"])

    def start(name: str, *arguments: str) -> tuple[multiprocessing.Process, float]:
        (tmp_path / name).mkdir(exist_ok=True)
        environment = {
            "TMPDIR": str(tmp_path),
            "HEADSTART_MODELS": str(tiny_backbones),
            "HEADSTART_CACHE": str(tmp_path / name / "cache"),
            "HF_HUB_OFFLINE": "1",
        }
        process = processes.Process(target=go, args=(tmp_path / name, environment, list(arguments)))
        process.start()
        return process, time.monotonic()

    fit = ("fit", str(photos), "--out", "m", *FIT)
    start("server", "models")[0].join(120)
    whole, began = start("whole", *fit)
    whole.join(120)
    duration = time.monotonic() - began
    assert whole.exitcode == 0, (tmp_path / "whole" / "said.txt").read_text()

    moments, killed, victims = random.Random(0), 0, ["victim 0"]
    while killed < MOMENTS:
        process, _ = start(victims[-1], *fit, "--resume")
        process.join(duration * moments.uniform(0.1, 0.9))
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            killed += 1
        else:  # it had so little left to do that it was faster: the next run starts from nothing
            victims.append(f"victim {len(victims)}")
    last, _ = start(victims[-1], *fit, "--resume")
    last.join(120)

    for name in victims:
        assert {path.name for path in (tmp_path / name).iterdir()} == {"m", "cache", "said.txt"}
        assert_same_model(tmp_path / "whole" / "m", tmp_path / name / "m")


def assert_same_model(one: Path, other: Path) -> None:
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    results = [result_of(one), result_of(other)]
    for key in ("chosen", "test", "examples", "stopped_because"):
        assert results[0][key] == results[1][key]
    figures = [[rung["validation"] for rung in result["rungs"]] for result in results]
    assert figures[0] == figures[1]


def test_resuming_what_is_finished_changes_nothing(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kill may come after the model was written and before its checkpoints were removed."""
    shutil.copytree(photo_model, "m")
    Path("m.unfinished").mkdir()
    before = Path("m/model.json").read_bytes()
    assert status("fit", photos, "--out", "m", "--resume", *PHOTO_PROBE) == 0
    assert "finished already" in capsys.readouterr().err
    assert Path("m/model.json").read_bytes() == before
    assert not Path("m.unfinished").exists()


def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headstart.experiment.fitting.finishing.add_evidence", pressed)


def test_a_backbone_that_was_chosen_among_folders_is_found_again(
    photos: Path, tiny_backbones: Path, at_hand: Path
) -> None:
    shutil.copytree(tiny_backbones / "tiny_resnet", "models/mine")
    among = ("--backbone", "auto", "--backbones", "models/mine", *PHOTO_PROBE[2:])
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch)
        assert status("fit", photos, "--out", "m", *among) == 130
    assert status("fit", photos, "--out", "m", "--resume", *among) == 0
    assert result_of(Path("m"))["backbone"] == "local/mine"


def test_another_request_is_not_resumed(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], unfinished: Path
) -> None:
    more = ("--budget", "9m", "--task", "classification")
    assert status("fit", photos, "--out", "m", "--resume", *PHOTO_PROBE, *more) == 1
    said = capsys.readouterr().err
    assert "(budget, task changed since)" in said
    assert "drop --resume" in said


def test_other_examples_are_not_resumed(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], unfinished: Path
) -> None:
    shutil.copytree(photos, "photos")
    Path("photos/lime/00.png").unlink()
    assert status("fit", "photos", "--out", "m", "--resume", *PHOTO_PROBE) == 1
    assert "(examples changed since)" in capsys.readouterr().err


def test_without_resume_an_unfinished_fit_is_begun_anew(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], unfinished: Path
) -> None:
    assert status("fit", photos, "--out", "m", *PHOTO_PROBE) == 0
    assert "Starting anew" in capsys.readouterr().err
    assert {path.name for path in at_hand.iterdir()} == {"m"}


def test_a_fit_that_is_at_work_is_not_begun_anew_by_another(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], unfinished: Path
) -> None:
    """Its checkpoints would be taken away under it, and what it goes on to write be taken for the other's."""
    mark = Mark(unfinished)
    before = sorted(path.name for path in Path("m.unfinished").iterdir())
    for options in ((), ("--resume",)):
        assert status("fit", photos, "--out", "m", *PHOTO_PROBE, *options) == 1
        assert "m.unfinished is being written at this moment. Name another folder" in capsys.readouterr().err
    assert sorted(path.name for path in Path("m.unfinished").iterdir()) == before
    Path("m.unfinished").rename("photos-model.unfinished")
    del mark
    mark = Mark(Path("photos-model.unfinished"))
    assert free_name("photos") == Path("photos-model-2")
    del mark
    assert free_name("photos") == Path("photos-model")


@pytest.fixture(scope="module")
def remains(photos: Path, tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The remains of a fit of the photos that was interrupted at its end; not to be written to."""
    folder = tmp_path_factory.mktemp("interrupted")
    with machine(tiny_backbones, folder / "cache") as patch:
        patch.chdir(folder)
        interrupt(patch)
        assert status("fit", photos, "--out", "m", *PHOTO_PROBE) == 130
    return folder / "m.unfinished"


@pytest.fixture
def unfinished(remains: Path, at_hand: Path) -> Path:
    """A copy of them at hand."""
    return shutil.copytree(remains, at_hand / "m.unfinished")
