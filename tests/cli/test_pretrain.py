"""``headstart pretrain``: a small backbone taught by a larger one, as a folder that a fit takes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import headstart
from headstart import backbones
from headstart.backbones import all_cards, load
from headstart.experiment.pretraining import plan as pretraining_plan
from killed_pretraining import Killed, killed_before, looks_end
from small_world import HUES, PROBE, paint, status

pytestmark = pytest.mark.usefixtures("no_gains")


@pytest.fixture(autouse=True)
def short_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)


@pytest.fixture
def beginner(tiny_backbones: Path, at_hand: Path) -> Path:
    """A student of the same kind as ``tiny_resnet``, whose filters are nearly nothing and never learnt."""
    folder = Path(shutil.copytree(tiny_backbones / "tiny_resnet", at_hand / "beginner"))
    state = load_file(folder / "model.safetensors")
    random = torch.Generator().manual_seed(5)
    fresh = {n: 0.02 * torch.randn(t.shape, generator=random) if t.dim() == 4 else t for n, t in state.items()}
    save_file(fresh, folder / "model.safetensors")
    return folder


def striped(folder: Path, seed: int = 0, each: int = 40) -> Path:
    """Two classes of grey pictures that only the direction of their stripes tells apart."""
    from PIL import Image

    random = np.random.default_rng(seed)
    for name in ("across", "upright"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            wave = np.sin(np.arange(40) * random.uniform(0.8, 1.4) + random.uniform(0, 6))
            rows = np.tile(wave, (40, 1)) if name == "upright" else np.tile(wave[:, None], (1, 40))
            grey = 128 + 50 * rows + random.normal(0, 25, (40, 40))
            Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB").save(
                folder / name / f"{number:02}.png"
            )
    return folder


def asked(*more: object, out: str = "small", student: str = "beginner") -> list[object]:
    return ["--teacher", "tiny_resnet", "--student", student, "--out", out, *more]


def test_a_probe_improves_and_the_folder_is_a_backbone(
    at_hand: Path,
    beginner: Path,
    tiny_backbones: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The teacher has learnt from others of these pictures; the student learns from it, without their labels."""
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 200)
    data, tuned = striped(at_hand / "stripes"), "fine_tuning:freeze_depth=0,epochs=15,patience=9,views=4"
    others = striped(at_hand / "others", seed=1)
    assert status("fit", others, "--backbone", "tiny_resnet", "--strategy", tuned, "--out", "taught") == 0
    capsys.readouterr()
    command = ["--teacher", "taught", "--student", "beginner", "--out", "small", "--epochs", 12, "--probe", data]
    assert status("pretrain", data, *command, "--json") == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    probe = found["probe"]
    assert probe["figure"] == "accuracy"
    assert probe["gain"][1] > 0.02, "the low end of its 95 % interval"
    assert probe["teacher"][0] > probe["before"][0]
    assert probe["share"] > 0.5
    assert probe["after"][0] - probe["before"][0] == pytest.approx(probe["gain"][0])
    assert found["losses"][-1] < 0.85 * found["losses"][0]
    after = [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]  # ten looks at most
    assert [epoch for epoch, _ in found["looks"]] == after[: len(found["looks"])]
    assert probe["after"][0] == max(value for _, value in found["looks"])
    assert "epoch 2: loss" in told.err
    assert {path.name for path in Path("small").iterdir()} == {
        "config.json", "model.safetensors", "README.md", "pretraining.json", "request.json"
    }  # fmt: skip
    assert json.loads(Path("small/pretraining.json").read_text()) == found
    assert not Path("small.unfinished").exists()

    backbone = load("small")
    assert backbone.card.licence == "apache-2.0"
    assert backbone.card.pretraining == "local/beginner, then taught by local/taught on 80 pictures of stripes"
    card = Path("small/README.md").read_text()
    assert card.startswith("licence: apache-2.0\n")
    assert "the teacher reaches" in card
    assert str(at_hand) not in card
    monkeypatch.setenv("HEADSTART_MODELS", str(at_hand))
    assert "local/small" in [card.name for card in all_cards() if card.at_hand]
    assert status("fit", data, "--backbone", "local/small", *PROBE, "--out", "m") == 0
    assert headstart.load("m").result.backbone == "local/small"


def test_a_student_by_name_begins_with_random_weights(photos: Path, at_hand: Path) -> None:
    """Its architecture is read from the folder again, with the preprocessing that it learnt under."""
    result = headstart.pretrain(
        next((photos / "lime").iterdir()),
        teacher="tiny_resnet",
        student="timm/test_efficientnet",
        out="one",
        epochs=1,
        device="cpu",
        quiet=True,
    )
    assert (result.pictures, result.crops, result.random_weights) == (1, 64, True)
    torch.manual_seed(0)
    written, random = load("one"), backbones.beginner("timm/test_efficientnet")
    assert written.preprocess.describe() == random.preprocess.describe()
    assert written.describe()["architecture"] == random.describe()["architecture"]
    moved = [n for n, t in written.state_dict().items() if not torch.equal(t, random.state_dict()[n])]
    assert moved


def test_the_same_seed_gives_the_same_bytes_and_asks_the_teacher_once(
    photos: Path, beginner: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headstart.frozen.activations import FrozenPart

    computed: list[int] = []
    compute = FrozenPart.compute

    def counting(self: FrozenPart, examples, *rest, **named):
        computed.append(len(examples))
        return compute(self, examples, *rest, **named)

    monkeypatch.setattr(FrozenPart, "compute", counting)
    plainly = ("--epochs", 2, "--engine", "eager", "--device", "cpu")
    assert status("pretrain", photos, *asked(*plainly, out="a")) == 0
    once = sum(computed)
    assert once == 2 * pretraining_plan.usual_epoch(42)
    assert status("pretrain", photos, *asked(*plainly, out="b")) == 0
    assert sum(computed) == once, "the second run finds all answers in the store"
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()


def test_without_a_probe_a_killed_run_goes_on_too(photos: Path, beginner: Path, at_hand: Path) -> None:
    """Killed in the very first epoch, and once more after it; the licence of both networks is told."""
    config = beginner / "config.json"
    config.write_text(config.read_text().replace("apache-2.0", "mit"))
    for epoch in (0, 1):
        with killed_before(epoch):
            status("pretrain", photos, *asked("--epochs", 3, "--resume"))
    assert status("pretrain", photos, *asked("--epochs", 3, "--resume")) == 0
    assert status("pretrain", photos, *asked("--epochs", 3, out="whole")) == 0
    assert Path("small/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert load("small").card.licence == "apache-2.0 and mit"
    assert json.loads(Path("small/pretraining.json").read_text())["probe"] is None


def test_a_killed_run_goes_on_to_the_same_bytes(
    photos: Path, beginner: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--epochs", 4, "--engine", "eager", "--probe", photos)
    assert status("pretrain", photos, *asked(*options, out="whole")) == 0
    with looks_end(3, by=Killed), pytest.raises(Killed):
        status("pretrain", photos, *asked(*options, out="cut"))
    assert Path("cut.unfinished").is_dir()
    assert not Path("cut").exists()
    assert status("pretrain", photos, *asked("--epochs", 5, "--resume", out="cut")) == 1
    assert "a pretraining that was asked for differently (engine, epochs, probe changed" in capsys.readouterr().err
    assert status("pretrain", photos, *asked(*options, "--resume", out="cut")) == 0
    assert "Going on with the unfinished pretraining" in capsys.readouterr().err
    assert not Path("cut.unfinished").exists()
    assert Path("cut/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    facts = [json.loads(Path(name, "pretraining.json").read_text()) for name in ("cut", "whole")]
    assert facts[0]["losses"] == facts[1]["losses"]
    assert facts[0]["probe"] == facts[1]["probe"]
    assert facts[0]["probe"]["examples"] == 42 - 8, "those that a fit would draw for its final test are not looked at"
    before = Path("cut/model.safetensors").stat().st_mtime_ns
    assert status("pretrain", photos, *asked(*options, "--resume", out="cut")) == 0
    assert "is finished already" in capsys.readouterr().err
    assert status("pretrain", photos, *asked("--epochs", 5, "--resume", out="cut")) == 1
    said = (
        "cut holds a pretraining that was asked for differently (engine, epochs, probe changed since), so it cannot"
    )
    assert said in capsys.readouterr().err
    assert Path("cut/model.safetensors").stat().st_mtime_ns == before


def test_it_ends_where_the_probe_gains_nothing(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The teacher as its own student, on colours that it tells apart already."""
    shutil.copytree(Path(load("tiny_resnet").card.path), "twin")
    assert status("pretrain", photos, *asked("--epochs", 10, "--probe", photos, student="twin")) == 0
    assert "Stopped:  the probe gained nothing in 5 looks" in capsys.readouterr().out


def test_a_budget_is_planned_and_kept(
    photos: Path, beginner: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = headstart.pretrain(photos, teacher="tiny_resnet", student="beginner", out="small", budget="3s")
    told = capsys.readouterr().err.replace(",", "")
    plan = re.search(r"plan: (\d+) epochs of (\d+) crops; the teacher answers for (\d+)", told)
    assert plan, told
    epochs, of_each, answered = map(int, plan.groups())
    assert result.crops == min(answered, result.epochs * of_each) > 0
    assert result.stopped_because == ("the course was over" if result.epochs == epochs else "the budget was used up")
    assert result.epochs <= epochs
    assert result.seconds < 60


def test_given_test_splits_are_not_learnt_from(
    beginner: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split, count in (("train", 6), ("test", 3)):
        paint(at_hand / "split" / split, dict.fromkeys(HUES, count), seed=count)
    assert status("pretrain", "split", *asked("--epochs", 1, "--probe", "split", "--json")) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["pictures"] == 18
    assert found["probe"]["examples"] == 18
    assert "Left out: 9 of a test split" in told.err


def test_mistakes_are_said_with_what_to_do(
    photos: Path, messages: Path, beginner: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: object) -> tuple[int, str]:
        return status("pretrain", *arguments), capsys.readouterr().err

    code, text = said(photos, "--teacher", "tiny_resnett", "--student", "beginner", "--out", "o")
    assert code == 2
    assert "tiny_resnet" in text
    code, text = said(photos, "--teacher", "tiny_bert", "--student", "beginner", "--out", "o")
    assert code == 1
    assert "takes texts, and these examples are images" in text
    code, text = said(messages, "--teacher", "tiny_bert", "--student", "tiny_bert", "--out", "o")
    assert code == 2
    assert "--teacher and --student are for pictures, and these are texts" in text
    code, text = said(photos, *asked("--method", "distilation"))
    assert code == 2
    assert "Did you mean 'distillation'" in text
    code, text = said(photos, *asked("--epochs", 0))
    assert code == 2
    assert "--epochs must be at least 1" in text
    code, text = said(photos, *asked("--probe", messages, "--probe-target", "topic"))
    assert code == 1
    assert "messages.csv" in text
    assert "image" in text
    (at_hand / "full").mkdir()
    (at_hand / "full" / "mine.txt").write_text("mine")
    code, text = said(photos, *asked(out="full"))
    assert code == 1
    assert "is not overwritten" in text
    (at_hand / "bad").mkdir()
    for number in range(3):
        (at_hand / "bad" / f"{number}.png").write_bytes(b"no picture")
    code, text = said("bad", *asked())
    assert code == 1
    assert "bad" in text
    assert "0.png" in text
    assert not Path("small").exists()
    assert not list(at_hand.glob("*.unfinished"))
