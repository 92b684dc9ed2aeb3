"""``headstart pretrain`` on texts: a text backbone goes on learning, as a folder that a fit takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from headstart.backbones import all_cards, load
from headstart.experiment.pretraining.schooling import Schooling
from headstart.model.state import owned
from killed_pretraining import killed_before, looks_end
from language_folders import as_sentence_encoder, tiny_language
from small_world import PROBE, status, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")


@pytest.fixture
def mails(at_hand: Path) -> Path:
    return table(at_hand / "mails.csv", [{"text": text, "topic": topic} for text, topic in texts(90, seed=1)])


@pytest.fixture
def encoder(at_hand: Path) -> str:
    tiny_language("bert", at_hand / "encoder")
    return "encoder"


def test_a_backbone_goes_on_learning_and_the_folder_is_one(
    mails: Path, encoder: str, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    probe = ["--probe", mails, "--probe-target", "topic"]
    assert status("pretrain", mails, "--backbone", encoder, "--out", "mine", "--epochs", 3, *probe, "--json") == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert "no label is looked at" in told.err
    assert "which goes on learning: it tells which tokens of a text were hidden" in told.err
    assert (found["method"], found["student"], found["random_weights"]) == (
        "masked_language_modelling", "local/encoder", False
    )  # fmt: skip
    assert (found["texts"], found["passages"], found["read"], found["epochs"]) == (90, 90, 270, 3)
    assert len(found["losses"]) == 3
    assert found["losses"][-1] < found["losses"][0]
    assert found["probe"]["teacher"] is None
    assert found["probe"]["after"][0] == max(value for _, value in found["looks"])
    gained = found["probe"]["after"][0] - found["probe"]["before"][0]
    assert gained == pytest.approx(found["probe"]["gain"][0])
    assert json.loads(Path("mine/pretraining.json").read_text()) == found
    assert {"config.json", "model.safetensors", "language_head.safetensors", "tokenizer.json", "README.md"} <= {
        path.name for path in Path("mine").iterdir()
    }
    assert not Path("mine.unfinished").exists()

    backbone = load("mine")
    assert backbone.card.licence == "mit"
    assert backbone.card.pretraining == "local/encoder, then masked_language_modelling on 90 texts of mails.csv"
    card = Path("mine/README.md").read_text()
    assert card.startswith("licence: mit\n")
    assert "Gain: " in card
    assert str(at_hand) not in card
    monkeypatch.setenv("HEADSTART_MODELS", str(at_hand))
    assert "local/mine" in [each.name for each in all_cards() if each.at_hand]
    assert status("fit", mails, "--target", "topic", "--backbone", "local/mine", *PROBE, "--out", "m") == 0
    assert headstart.load("m").result.backbone == "local/mine"
    assert status("pretrain", mails, "--backbone", "mine", "--out", "further", "--epochs", 1) == 0


def test_without_a_probe_texts_that_it_does_not_learn_from_judge(
    at_hand: Path, encoder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("headstart.experiment.pretraining.reading_plan.MOST_PASSES", 6)
    lines = at_hand / "notes.txt"
    lines.write_text("\n".join(text for text, _ in texts(500, seed=2)), encoding="utf-8")
    assert status("pretrain", lines, "--backbone", encoder, "--out", "mine", "--budget", "30s") == 0
    told = capsys.readouterr()
    assert "on unmet passages" in told.err
    assert "Loss on unmet passages" in told.out
    found = json.loads(Path("mine/pretraining.json").read_text())
    before, after = (figure[0] for figure in found["unmet"])
    assert after < before
    assert after == pytest.approx(min(value for _, value in found["looks"]))
    assert (found["passages"], found["texts"]) == (475, 475), "those that judge are not learnt from"
    assert "plan: " in told.err
    assert found["read"] <= 6 * 480, "not more passes than are worth it, whatever time there is"


def test_what_suits_each_kind_is_chosen(mails: Path, at_hand: Path) -> None:
    tiny_language("gpt2", at_hand / "decoder")
    tiny_language("bert", at_hand / "sentences")
    as_sentence_encoder(at_hand / "sentences")
    results = [
        headstart.pretrain(mails, backbone=name, out=f"{name}-on", epochs=1, quiet=True)
        for name in ("decoder", "sentences")
    ]
    assert [result.method for result in results] == ["causal_language_modelling", "simcse"]
    assert load("sentences-on").card.words
    named = headstart.pretrain(
        mails, backbone="sentences", out="c", method="tsdae:deletion=0.5", epochs=1, quiet=True
    )
    assert named.method == "tsdae:deletion=0.5"
    headstart.pretrain(mails, backbone="sentences", out="d", method="masked_language_modelling", epochs=1, quiet=True)
    assert not load("d").card.words, "its cosines were not trained any more"


def test_a_killed_run_goes_on_to_the_same_bytes(
    mails: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["pretrain", mails, "--backbone", encoder, "--epochs", 3]
    assert status(*command, "--out", "whole") == 0
    with looks_end(2, by=KeyboardInterrupt):
        assert status(*command, "--out", "killed") == 130
    assert not Path("killed").exists()
    assert status(*command, "--out", "killed", "--resume") == 0
    assert "Going on with the unfinished pretraining" in capsys.readouterr().err
    for name in ("model.safetensors", "language_head.safetensors", "config.json"):
        assert Path("whole", name).read_bytes() == Path("killed", name).read_bytes(), name
    assert status(*command, "--out", "killed", "--resume") == 0
    assert "is finished already" in capsys.readouterr().err


def test_a_finished_folder_is_taken_for_the_same_request_alone(
    mails: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = at_hand / "others.txt"
    others.write_text("\n".join(text for text, _ in texts(12)), encoding="utf-8")
    begin = ["--architecture", "awd_lstm:embedding=8,hidden=8,layers=1,vocabulary=300", "--epochs", 1]
    assert status("pretrain", mails, *begin, "--out", "mine") == 0
    kept = Path("mine/request.json").read_text()
    assert str(at_hand) not in kept
    other = ["--architecture", "awd_lstm:embedding=8,hidden=9", "--epochs", 1, "--out", "mine", "--resume"]
    assert status("pretrain", others, *other) == 1
    said = capsys.readouterr().err
    changed = "(architecture, texts changed since)"
    assert f"mine holds a pretraining that was asked for differently {changed}, so it cannot be resumed" in said
    assert "is finished already" not in said
    Path("mine/request.json").unlink()  # earlier versions wrote none
    assert status("pretrain", others, *other) == 0
    assert "is finished already" in capsys.readouterr().err


def test_what_nobody_named_is_no_difference(
    mails: Path, encoder: str, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is at hand by default is the folder that was made, where it was the backbone that it was made of."""
    default = "headstart.experiment.pretraining.reading_material.default_card"
    for taken, resume in (("encoder", []), ("mine", ["--resume"])):
        monkeypatch.setattr(default, lambda kind, taken=taken: load(taken).card)
        assert status("pretrain", mails, "--out", "mine", "--epochs", 1, *resume) == 0
    assert "is finished already" in capsys.readouterr().err
    assert status("pretrain", mails, "--backbone", "mine", "--out", "mine", "--epochs", 1, "--resume") == 1
    assert "(backbone, student changed since)" in capsys.readouterr().err


@pytest.mark.parametrize("earlier", [False, True])
def test_the_head_that_is_written_is_that_of_the_best_look(
    earlier: bool, mails: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the best look, and gone on with; a folder of an earlier version keeps no head of that look."""
    heads: list[dict[str, torch.Tensor]] = []
    look = Schooling._probe

    def looked(self: Schooling, probe, reached) -> str:
        heads.append(owned(self.learner.course.head.state_dict()))
        return look(self, probe, reached)

    monkeypatch.setattr(Schooling, "_probe", looked)
    monkeypatch.setattr("headstart.experiment.pretraining.probe.Probe.better", lambda *pair: False)
    probe = ["--probe", mails, "--probe-target", "topic"]
    command = ["pretrain", mails, "--backbone", encoder, "--out", "mine", "--epochs", 3, *probe]
    with killed_before(2):
        status(*command)
    if earlier:
        Path("mine.unfinished", "learning", "best_head.safetensors").unlink()
    assert status(*command, "--resume") == 0
    written, wanted = load_file("mine/language_head.safetensors"), heads[2 if earlier else 0]
    assert all(torch.equal(written[name], tensor) for name, tensor in wanted.items())
    assert not torch.equal(heads[0]["bias"], heads[2]["bias"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--teacher", "encoder"], "--teacher is for pictures, and these are texts"),
        (["--student", "encoder", "--size", 64], "--student and --size are for pictures"),
        (["--size", 64, "--course", "streamed"], "--size and --course are for pictures"),
        (["--engine", "eager"], "--engine is for pictures, and these are texts"),
        (["--probe-target", "topic"], "name those with --probe, or leave it out"),
        (
            ["--target", "topic"],
            "learn from targets (supervised): name one with --method",
        ),
        (["--method", "distillation"], "is not for texts; of texts learn causal_language_modelling"),
        (["--method", "causal_language_modelling"], "take --method masked_language_modelling"),
        (["--method", "masked_language_modelling:rate=2"], "must lie between 0 and 1"),
        (["--backbone", "tiny_resnet"], "takes images, and these examples are texts"),
        (["--rate", 3], "--rate must lie between 0 and 1"),
        (["--epochs", 0], "--epochs must be at least 1"),
    ],
)
def test_mistakes_say_what_to_do(
    mails: Path, encoder: str, options: list[object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    backbone = [] if "--backbone" in options else ["--backbone", encoder]
    assert status("pretrain", mails, "--out", "mine", *backbone, *options) in (1, 2)
    assert said in capsys.readouterr().err
    assert not Path("mine").exists()
    assert not Path("mine.unfinished").exists()


def test_a_network_that_cannot_learn_so_is_refused_before_anything_is_looked_at_or_forgotten(
    mails: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an earlier pretraining left stays; and one that is killed before it has learnt leaves nothing."""
    tiny_language("bert", at_hand / "encoder", dropout=0.0)
    command = ["pretrain", mails, "--backbone", "encoder", "--out", "mine", "--epochs", 2]
    with killed_before(0):
        status(*command)
    assert not Path("mine.unfinished").exists(), "a plan is nothing to go on with"
    with killed_before(1):
        status(*command)
    state = Path("mine.unfinished", "learning", "state.json").read_text()
    capsys.readouterr()
    probe = ["--probe", mails, "--probe-target", "topic"]
    assert status(*command, "--method", "simcse", *probe) == 2
    said = capsys.readouterr().err
    assert "has no dropout, so it reads a text twice alike" in said
    assert "before: " not in said
    assert Path("mine.unfinished", "learning", "state.json").read_text() == state


def test_methods_of_texts_are_refused_for_pictures(photos: Path) -> None:
    with pytest.raises(headstart.core.errors.UsageError, match="simcse is not for images; of images learn distil"):
        headstart.pretrain(photos, out="mine", method="simcse", quiet=True)


def test_texts_too_short_to_learn_from_are_refused(at_hand: Path) -> None:
    tiny_language("gpt2", at_hand / "decoder")
    with pytest.raises(headstart.core.errors.InputError, match="fewer than two texts"):
        headstart.pretrain(["fox"], backbone="decoder", out="mine", quiet=True)


def test_a_recurrent_network_from_random_weights_is_tuned_and_goes_on(mails: Path, at_hand: Path) -> None:
    """As ULMFiT does: a language model of texts at large, then of one's own, then a classifier thawed gradually."""
    large = at_hand / "large.txt"
    large.write_text("\n".join(text for text, _ in texts(300, seed=3)), encoding="utf-8")
    asked = "awd_lstm:embedding=32,hidden=48,layers=3,vocabulary=330,dropout=0.2"
    first = headstart.pretrain(
        [str(large), str(mails)], architecture=asked, out="large-lm", epochs=8, quiet=True, rate=0.01
    )
    assert (first.random_weights, first.method) == (True, "causal_language_modelling")
    assert first.texts == 370, "twenty of the 390 judge"
    before, after = (figure.value for figure in first.unmet)
    assert after < 0.8 * before
    assert "recurrent/awd_lstm, with random weights" in Path("large-lm/README.md").read_text()
    own = headstart.pretrain(mails, backbone="large-lm", out="lm", epochs=2, quiet=True)
    assert not own.random_weights
    assert own.losses[0] < first.losses[0]
    strategy = "gradual_unfreezing:epochs=4"
    assert status("fit", mails, "--target", "topic", "--backbone", "lm", "--strategy", strategy, "--out", "m") == 0
    model = headstart.load("m")
    assert model.result.chosen == "gradual_unfreezing"
    assert model.evaluate(mails)["accuracy"].value > 0.55, "a third is chance"


def test_an_architecture_excludes_a_backbone(mails: Path, encoder: str, at_hand: Path) -> None:
    with pytest.raises(headstart.core.errors.UsageError, match="leave one out"):
        headstart.pretrain(mails, architecture="awd_lstm", backbone=encoder, out="o", quiet=True)
    with pytest.raises(headstart.core.errors.UsageError, match="--architecture is for texts"):
        headstart.pretrain([at_hand / "no.png"], architecture="awd_lstm", out="o", quiet=True)
