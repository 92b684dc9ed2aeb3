"""A backbone that is written into a folder is read again as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headstart.backbones import SOURCES, beginner, load, write_folder, written_as
from headstart.backbones.base import Backbone, collate
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.errors import UsageError
from language_folders import tiny_language


def same(one: Backbone, folder: Path) -> None:
    """Written, read again: the same features and preprocessing."""
    folder.mkdir()
    write_folder(one, folder, {**written_as(one), "license": "mit", "pretraining": "by hand"}, "licence: mit\n")
    other, size = load(folder), one.preprocess.size  # type: ignore[attr-defined]
    batch = {"pixels": torch.randn(2, 3, size, size)}
    with torch.no_grad():
        assert torch.equal(one.eval().features(batch), other.features(batch))
    assert other.preprocess.describe() == one.preprocess.describe()
    assert (other.card.licence, other.card.pretraining) == ("mit", "by hand")


@pytest.mark.parametrize("family", SOURCES.load("timm")().families())
def test_every_family_of_timm(family: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    same(SOURCES.load("timm")().tiny(family), tmp_path / "written")


def test_pictures_that_are_squashed_stay_so(tmp_path: Path) -> None:
    one = SOURCES.load("timm")().tiny("resnet50")
    one.preprocess = ImagePreprocess.from_pretrained_cfg({"input_size": (3, 64, 64), "crop_mode": "squash"})
    same(one, tmp_path / "written")
    assert load(tmp_path / "written").describe()["preprocess"]["squash"] is True


@pytest.mark.parametrize("family", SOURCES.load("transformers_text")().families())
def test_every_family_of_texts(family: str, tmp_path: Path) -> None:
    one = tiny_language(family, tmp_path / "written")
    tiny_of_other_words = tiny_language(family, tmp_path / "other", seed=1)
    batch = collate([one.preprocess("the quick fox"), one.preprocess("this film was good and that film was bad")])
    with torch.no_grad():
        found = one.features(batch)
        assert torch.equal(found, load(tmp_path / "written").features(batch))
        assert not torch.allclose(found, tiny_of_other_words.features(batch))


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v3_small"])
def test_torchvision(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    same(beginner(f"torchvision/{name}"), tmp_path / "written")


def test_a_folder_is_a_beginner_as_it_is_and_is_written_again(tiny_backbones: Path, tmp_path: Path) -> None:
    folder = tiny_backbones / "tiny_resnet"
    begun, pretrained = beginner(folder), load(folder)
    assert all(torch.equal(a, b) for a, b in zip(begun.parameters(), pretrained.parameters(), strict=True))
    same(begun, tmp_path / "written")


def test_a_beginner_from_the_hub_has_random_weights_and_its_card_says_so(
    tiny_backbones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_backbones / "tiny_bert"
    monkeypatch.setattr("headstart.backbones.transformers_text.fetch_folder", lambda *asked: folder)
    card = beginner("transformers/somebody/tiny").card
    assert (card.path, card.pretraining) == ("", "none: random weights")


def test_what_no_source_writes_is_refused() -> None:
    source = SOURCES.load("transformers_images")()
    with pytest.raises(UsageError, match="cannot be written into a folder; take one of timm or torchvision"):
        written_as(source.tiny(source.families()[0]))
    framed = SOURCES.load("timm")().tiny("resnet50").framed((64, 96))
    with pytest.raises(UsageError, match="made for targets with a place"):
        written_as(framed)
