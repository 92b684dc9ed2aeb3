"""``headstart pretrain`` without a teacher: from pictures alone or their labels; continued, or from scratch."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from headstart.backbones import SOURCES, load, write_folder, written_as
from headstart.core.errors import HeadstartError
from headstart.experiment.pretraining import plan as pretraining_plan
from headstart.experiment.pretraining import streaming
from headstart.experiment.pretraining.schooling import Schooling
from headstart.pretraining import Learner, Spread
from killed_pretraining import killed_before
from small_world import PROBE, status, table

pytestmark = pytest.mark.usefixtures("no_gains")


@pytest.fixture(autouse=True)
def short_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)
    monkeypatch.setattr(streaming, "BATCH", 16)


def test_a_backbone_goes_on_from_its_own_weights(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the default method, which is said with the reason; licence and provenance are told."""
    command = ("--backbone", "tiny_resnet", "--out", "mine", "--epochs", 1, "--probe", photos, "--json")
    assert status("pretrain", photos, *command) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert "Method: vicreg: learns to find two crops of a picture alike" in told.err
    assert "(no --teacher is named" in told.err
    assert "local/tiny_resnet, as it is" in told.err
    assert (found["teacher"], found["random_weights"], found["labelled"]) == (None, False, False)
    assert found["probe"]["teacher"] is None
    assert found["probe"]["share"] is None
    assert found["probe"]["gain"][0] == pytest.approx(found["probe"]["after"][0] - found["probe"]["before"][0])
    backbone = load("mine")
    assert backbone.card.licence == "apache-2.0"
    assert (
        backbone.card.pretraining == f"local/tiny_resnet, then pretrained by vicreg on 42 pictures of {photos.name}"
    )
    card = Path("mine/README.md").read_text()
    assert "Teacher: none." in card
    assert "the teacher reaches" not in card
    own = load_file(Path(load("tiny_resnet").card.path) / "model.safetensors")
    learnt = load_file("mine/model.safetensors")
    distances = [
        float((learnt[name] - own[name]).norm() / own[name].norm()) for name in learnt if learnt[name].dim() == 4
    ]
    assert 0 < max(distances) < 0.3, "it began where that one was"
    assert status("fit", photos, "--backbone", "mine", *PROBE, "--out", "m") == 0
    assert headstart.load("m").result.backbone.endswith("mine")


def test_what_is_at_hand_goes_on_where_nothing_is_named(photos: Path, at_hand: Path) -> None:
    result = headstart.pretrain(photos, out="mine", epochs=1, quiet=True)
    assert (result.student, result.random_weights, result.method) == ("local/tiny_resnet", False, "vicreg")


@pytest.mark.parametrize("method", ["vicreg", "masked_autoencoding:hidden=0.5", "supervised"])
def test_a_killed_run_goes_on_to_the_same_bytes(method: str, photos: Path, at_hand: Path) -> None:
    options = ("--student", "tiny_resnet", "--fresh", "--method", method, "--epochs", 3, "--device", "cpu")
    assert status("pretrain", photos, *options, "--out", "whole") == 0
    with killed_before(2):
        status("pretrain", photos, *options, "--out", "cut")
    assert status("pretrain", photos, *options, "--resume", "--out", "cut") == 0
    assert Path("cut/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    facts = json.loads(Path("cut/pretraining.json").read_text())
    assert facts["random_weights"]
    assert facts["licence"] == "your own"
    assert facts["crops"] == 3 * 96
    assert load("cut").card.licence == "your own"


def test_labels_are_learnt_by_their_column_and_their_head_is_left_behind(photos: Path, at_hand: Path) -> None:
    files = sorted(photos.rglob("*.png"))
    rows = [{"file": str(path), "fruit": path.parent.name, "number": str(i)} for i, path in enumerate(files)]
    named = table(at_hand / "named.csv", rows)
    result = headstart.pretrain(
        named, input="file", target="fruit", student="tiny_resnet", fresh=True, method="supervised", out="taught",
        epochs=6, probe=named, probe_target="fruit", quiet=True,
    )  # fmt: skip
    assert result.labelled
    assert result.losses[-1] < 0.9 * result.losses[0]
    assert ", with their labels;" in Path("taught/README.md").read_text()
    assert set(load_file("taught/model.safetensors")) == {
        name.removeprefix("network.") for name in load("tiny_resnet").state_dict()
    }


def test_a_budget_is_planned_and_kept(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pretraining_plan, "SECONDS", 0.25)
    result = headstart.pretrain(photos, student="tiny_resnet", fresh=True, out="small", budget="3s")
    plan = re.search(r"plan: (\d+) epochs of (\d+) crops", capsys.readouterr().err.replace(",", ""))
    assert plan
    epochs, of_each = map(int, plan.groups())
    assert of_each >= 16
    assert of_each % 16 == 0
    assert result.crops == result.epochs * of_each
    assert result.stopped_because == ("the course was over" if result.epochs == epochs else "the budget was used up")
    assert 1 <= result.epochs <= epochs
    assert result.seconds < 60


def test_a_collapse_is_said_and_nothing_is_written(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def collapsing(self: Learner, number: int, *rest: object) -> float:
        with torch.no_grad():
            for parameter in self.course.student.parameters():
                parameter.zero_()
        return 0.0

    monkeypatch.setattr(Learner, "epoch", collapsing)
    assert status("pretrain", photos, "--out", "mine", "--epochs", 2) == 1
    said = capsys.readouterr().err
    assert "After epoch 1 its features of all examples became alike" in said
    assert "Take another --method" in said
    assert not Path("mine").exists()


def test_a_collapse_after_a_good_look_keeps_what_was_good(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spreads = iter([1.0, 1.0, 0.0])
    monkeypatch.setattr(Spread, "now", lambda self: next(spreads))
    good: list[dict[str, torch.Tensor]] = []
    probe = Schooling._probe

    def looked(self: Schooling, given, reached) -> str:
        said = probe(self, given, reached)
        good.append({key: tensor.clone() for key, tensor in reached.best.items()})
        return said

    monkeypatch.setattr(Schooling, "_probe", looked)
    assert status("pretrain", photos, "--out", "mine", "--epochs", 5, "--probe", photos) == 0
    out = capsys.readouterr().out
    assert "alike after epoch 2; it is kept as it was after 1" in out
    written = load("mine").state_dict()
    assert all(torch.equal(written[name], tensor) for name, tensor in good[0].items())


def test_a_loss_that_becomes_no_number_after_a_good_look_keeps_what_was_good(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    learn, good = Learner.epoch, {}

    def diverging(self: Learner, number: int, *rest: object) -> float:
        if number == 2:
            good.update({name: tensor.cpu().clone() for name, tensor in self.course.student.state_dict().items()})
            with torch.no_grad():
                next(self.course.student.parameters()).fill_(float("nan"))
        return learn(self, number, *rest)

    monkeypatch.setattr(Learner, "epoch", diverging)
    monkeypatch.setattr("headstart.experiment.pretraining.probe.Probe.better", lambda *pair: True)
    assert status("pretrain", photos, "--out", "mine", "--epochs", 5, "--probe", photos) == 0
    assert "the loss of epoch 3 was no finite number; it is kept as it was after 2" in capsys.readouterr().out
    written = load("mine").state_dict()
    assert all(torch.equal(written[name], tensor) for name, tensor in good.items())
    assert json.loads(Path("mine/pretraining.json").read_text())["epochs"] == 2
    assert status("pretrain", photos, "--out", "none", "--epochs", 5) == 1
    assert "Name a lower --rate than 0.0001" in capsys.readouterr().err
    assert not Path("none").exists()


def test_mistakes_are_said_with_what_to_do(photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*options: object) -> str:
        assert status("pretrain", photos, "--out", "mine", *options) == 2
        return capsys.readouterr().err

    assert "learns from a teacher: name one with --teacher" in said("--method", "distillation")
    assert "learns without a teacher: leave out --teacher" in said("--method", "vicreg", "--teacher", "tiny_resnet")
    both = said("--student", "tiny_resnet", "--backbone", "tiny_resnet", "--fresh")
    assert "--student and --backbone both name what is to learn" in both
    assert "for --fresh name it with --student" in both, "all mistakes at once"
    assert "--course stored keeps a teacher's answers" in said("--course", "stored")
    assert "--engine runs the teacher of a stored course, and vicreg has none" in said("--engine", "eager")
    taught = ("--teacher", "tiny_resnet", "--student", "tiny_resnet")
    assert "this one is streamed: leave it out" in said(*taught, "--course", "streamed", "--engine", "eager")
    assert "--probe-target is a column of labelled examples" in said("--probe-target", "fruit")
    assert "--rate must lie between 0 and 1" in said("--rate", "2")
    assert "--architecture is for texts" in said("--architecture", "awd_lstm")
    assert "--target is for methods that learn from targets" in said("--target", "fruit")
    assert "vicreg:" in said("--method", "vicreg:variance=0")
    assert not Path("mine").exists()
    assert not list(at_hand.glob("*.unfinished"))


def test_a_size_that_a_network_cannot_take_is_refused_before_anything_is_learnt(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vision transformer takes its own 64 pixels alone, as a student and as a teacher."""
    vit = SOURCES.load("timm")().tiny("vit_tiny_patch16_224")
    (at_hand / "vit").mkdir()
    write_folder(vit, at_hand / "vit", written_as(vit), "licence: mit\n")
    assert status("pretrain", photos, "--backbone", "./vit", "--size", 96, "--out", "mine") == 2
    assert "--size 96: local/vit takes pictures of 64 pixels, and none of 96 (" in capsys.readouterr().err
    taught = ("--teacher", "./vit", "--student", "tiny_resnet", "--course", "streamed", "--size", 48)
    assert status("pretrain", photos, *taught, "--out", "mine") == 2
    assert "--size 48: local/vit takes pictures of 64 pixels, and none of 96 (" in capsys.readouterr().err
    assert not Path("mine").exists()


def test_a_network_that_cannot_learn_so_is_refused_before_it_is_probed(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("headstart.pretraining.masked_autoencoding.last_map", lambda *given: None)
    command = ("--backbone", "tiny_resnet", "--method", "masked_autoencoding", "--epochs", 1, "--probe", photos)
    assert status("pretrain", photos, *command, "--out", "mine") == 2
    said = capsys.readouterr().err
    assert "Take --method vicreg." in said
    assert "before: " not in said
    assert not list(at_hand.glob("mine*"))


def test_pictures_without_labels_cannot_be_learnt_by_them(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("pretrain", photos / "lime", "--method", "supervised", "--out", "mine") == 1
    assert "targets" in capsys.readouterr().err
    one = [str(path) for path in sorted((photos / "lime").iterdir())]
    with pytest.raises(HeadstartError, match="target"):
        headstart.pretrain(one, method="supervised", out="mine", quiet=True)


def test_a_rate_that_is_asked_for_is_that_of_the_steps(photos: Path, at_hand: Path) -> None:
    """At one of nothing a network stays what it is, but for rounding; at its usual one it moves."""
    before = load("tiny_resnet").state_dict()
    moved = []
    for name, rate in (("still", 1e-12), ("moving", None)):
        headstart.pretrain(photos, backbone="tiny_resnet", out=name, epochs=1, rate=rate, quiet=True)
        after = load(name).state_dict()
        moved.append(max(float((after[key] - each).abs().max()) for key, each in before.items() if each.dim() > 1))
    assert moved[0] < 1e-6 < 1e-4 < moved[1]
