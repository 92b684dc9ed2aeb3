"""Listing is quick and without torch; names are found or the nearest is offered; defaults are what lies here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from headstart.backbones import SOURCES, all_cards, default_card, load, rebuild
from headstart.core.errors import HeadstartError, UsageError


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site's folder with one small image backbone, in two folders."""
    from torchvision.models import squeezenet1_1

    weights = squeezenet1_1(weights=None).state_dict()
    for name, classes in (("wide", 1000), ("narrow", 12)):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        save_file(weights, folder / "model.safetensors")
        config = {"library": "torchvision", "architecture": "squeezenet1_1", "num_classes": classes}
        config["pretrained_cfg"] = {"input_size": [3, 64, 64]}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "README.md").write_text("---\nlicense: bsd-2-clause\n---\n")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "models"


def test_listing_loads_no_torch() -> None:
    code = "import sys, headstart.backbones as b; print(len(b.all_cards()), 'torch' in sys.modules)"
    count, loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(count) > 20
    assert loaded == "False"


def test_what_lies_here_comes_first_and_broad_before_narrow(models: Path) -> None:
    names = [card.name for card in all_cards() if card.modality == "image"]
    assert names[:2] == ["local/wide", "local/narrow"]  # the alphabet has it the other way round
    card = default_card("image")
    assert (card.name, card.licence, card.at_hand) == ("local/wide", "bsd-2-clause", True)
    # 1,235,496: torchvision's table of SqueezeNet 1.1
    assert card.parameters == 1_235_496


def test_the_default_for_texts_is_a_sentence_encoder() -> None:
    assert "minilm-l6-v2" in default_card("text").name.lower()


def test_an_unknown_modality_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'smell'.*image, text"):
        default_card("smell")


@pytest.mark.parametrize("way", ["local/narrow", "narrow", "path"])
def test_three_ways_to_name_a_folder(models: Path, way: str) -> None:
    backbone = load(models / "narrow" if way == "path" else way)
    assert backbone.card.name == "local/narrow"
    assert backbone.describe()["source"] in SOURCES.names()
    assert backbone.feature_size == 512
    again = rebuild(json.loads(json.dumps(backbone.describe())), None)
    again.load_state_dict(backbone.state_dict())
    batch = {"pixels": torch.randn(1, 3, 64, 64)}
    with torch.no_grad():
        assert torch.equal(again.features(batch), backbone.features(batch))


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("narow", "local/narrow"),
        ("resnet50", "timm/resnet50.a1_in1k"),
        ("tim/resnet50.a1_in1k", "timm/resnet50.a1_in1k"),
    ],
)
def test_the_nearest_name_is_offered(models: Path, given: str, offered: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{offered}'"):
        load(given)


@pytest.mark.parametrize(("given", "offered"), [("timm/resnet5O", "resnet50"), ("torchvision/resnet5O", "resnet50")])
def test_a_source_offers_its_own_nearest_name(given: str, offered: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{offered}'"):
        load(given)


def test_without_a_network_the_error_lists_what_is_here(models: Path) -> None:
    with pytest.raises(HeadstartError, match=r"(?s)HF_HUB_OFFLINE.*local/wide.*HEADSTART_MODELS"):
        load("transformers/nobody-here/no-such-backbone")
