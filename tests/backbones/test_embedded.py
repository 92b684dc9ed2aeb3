"""The backbone in the package: whole, small, licensed, loaded without any network, and taken for want of better."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from headstart.backbones import all_cards, beginner, default_card, load, rebuild
from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.tasks import TASKS

PROJECT = Path(__file__).resolve().parents[2]
NAME, MOST = "headstart/embedded", 8_000_000


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network, to which nobody has brought a backbone."""
    for name in ("HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.usefixtures("bare")
def test_it_loads_without_a_network_and_is_no_random_network() -> None:
    backbone, batch = load(NAME), {"pixels": torch.randn(2, 3, 224, 224)}
    assert (backbone.card.name, backbone.feature_size, backbone.preprocess.size_hint) == (NAME, 1280, 256)
    with pytest.raises(UsageError, match=f"Did you mean '{NAME}'"):  # it may be the name of a person's own folder
        load("embedded")
    stored = load_file(Path(backbone.card.path) / "model.safetensors")
    for name, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, stored[name.removeprefix("network.")].to(tensor.dtype)), name
    again = rebuild(json.loads(json.dumps(backbone.describe())), None)
    again.load_state_dict(backbone.state_dict())
    with torch.no_grad():
        assert torch.equal(again.features(batch), backbone.features(batch))
    torch.manual_seed(0)
    fresh = beginner(NAME, fresh=True)
    assert not torch.equal(next(fresh.parameters()), next(backbone.parameters()))
    assert fresh.card.pretraining == "none: random weights"


def test_its_card_has_licence_and_provenance() -> None:
    """It is what the recipe writes, down to the numbers of pictures."""
    sys.path.insert(0, str(PROJECT / "recipes"))
    try:
        from embedded_card import TERMS, written_card, written_config
    finally:
        sys.path.remove(str(PROJECT / "recipes"))
    card = next(card for card in all_cards() if card.name == NAME)
    folder = Path(card.path)
    config, result = (json.loads((folder / name).read_text()) for name in ("config.json", "pretraining.json"))
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) ", text, re.MULTILINE)
    counts = {name: int(count.replace(",", "")) for name, count in rows}
    assert card.licence == "Apache-2.0"
    assert counts.keys() == TERMS.keys()
    assert sum(counts.values()) == result["pictures"] == config["learnt_from"]
    assert written_config(config, result["pictures"]) == config
    assert text.startswith(written_card(result, counts, "one NVIDIA H100"))
    assert "headstart/embedded" in result["backbone"]


def test_the_wheel_holds_it_and_no_picture(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    script = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    copied = tmp_path / "project"
    _copy(copied)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=copied, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    inside = {item.filename: item.file_size for item in zipfile.ZipFile(wheel).infolist()}
    held = {name: size for name, size in inside.items() if "embedded_mobilenetv2/" in name}
    assert {Path(name).name for name in held} == {"config.json", "model.safetensors", "pretraining.json", "README.md"}
    assert sum(held.values()) <= MOST
    assert not [name for name in inside if name.endswith((".jpg", ".jpeg", ".png"))]


def _copy(target: Path) -> None:
    """What a wheel is made of, so that nothing is written into the checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(PROJECT / "src", target / "src", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, target / name)


@pytest.mark.usefixtures("bare")
def test_it_is_the_default_where_nothing_else_is_at_hand() -> None:
    card = default_card("image")
    assert (card.name, card.at_hand, card.stands_in) == (NAME, True, True)
    assert default_card("image", boxes=True).name == NAME


def _bring(folder: Path, architecture: str, tag: str) -> None:
    folder.mkdir(parents=True)
    config = {"architecture": architecture, "pretrained_cfg": {"tag": tag}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")


@pytest.mark.usefixtures("bare")
def test_every_folder_is_taken_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that stands lower on the static list: somebody has brought it."""
    _bring(tmp_path / "models" / "small", "mobilenetv3_small_050", "lamb_in1k")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path / "models"))
    ranks = {card.name: card.rank for card in all_cards() if card.at_hand}
    assert ranks["local/small"] < ranks[NAME]
    assert default_card("image").name == "local/small"


@pytest.mark.usefixtures("bare")
def test_of_downloads_the_better_are_taken_before_it(tmp_path: Path) -> None:
    commit = tmp_path / "HF_HUB_CACHE" / "models--timm--resnet50.a1_in1k" / "snapshots" / "0"
    _bring(commit, "resnet50", "a1_in1k")
    (commit.parents[1] / "refs").mkdir()
    (commit.parents[1] / "refs" / "main").write_text("0")
    here = [card.name for card in all_cards() if card.at_hand and card.modality == "image"]
    assert here == ["timm/resnet50.a1_in1k", NAME]


def test_its_teacher_stands_before_it_on_the_static_list(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_MODELS", str(shared / "backbones"))
    cards = {card.name: card for card in all_cards()}
    assert cards["local/mobilenetv2_100"].rank > cards[NAME].rank
    assert cards["timm/mobilenetv2_100.ra_in1k"].rank > cards[NAME].rank
    assert cards[NAME].published is None
    assert default_card("image").name == "local/mobilenetv2_100"


@pytest.mark.usefixtures("bare")
def test_another_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no backbone 'embeded'.*Did you mean 'embedded'.*\./headstart/embeded"):
        load("headstart/embeded")


@pytest.mark.usefixtures("bare")
def test_a_fit_says_that_it_stands_in_and_for_what(photos: Path) -> None:
    from headstart.core.spec import FitSpec
    from headstart.experiment.bench import choose_backbone
    from headstart.experiment.material import find

    said: list[str] = []

    class Heard(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    spec = FitSpec(photos)
    found = find(spec, Progress(quiet=True))
    assert choose_backbone(spec, found, Heard()).card.name == NAME
    best = max((c for c in all_cards() if c.modality == "image" and not c.at_hand), key=lambda card: card.rank)
    for words in ("comes with headstart", best.name, "--backbone", "HEADSTART_MODELS"):
        assert words in said[-1]
    choose_backbone(spec, replace(found, task=TASKS.load("detection")(["apple"], [1], (96, 96), 1)), Heard())
    detector = max((c for c in all_cards() if c.boxes and not c.at_hand), key=lambda card: card.rank)
    assert f"A better one is {detector.name} (" in said[-1]
    said.clear()
    choose_backbone(FitSpec(photos, backbone=NAME), found, Heard())
    assert said == [f"Backbone: {NAME}."]
