"""Which backbones may be chosen from, and the order of the static list."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from headstart.core.errors import HeadstartError, InputError, UsageError
from headstart.experiment.selection.candidates import Wanted, candidates_for


@pytest.fixture
def several(tiny_backbones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two backbones for images: the miniature, and the same of narrower pretraining."""
    folder = tmp_path / "models"
    shutil.copytree(tiny_backbones / "tiny_resnet", folder / "broad")
    shutil.copytree(tiny_backbones / "tiny_resnet", folder / "narrow")
    for name, classes in (("broad", 1000), ("narrow", 10)):
        file = folder / name / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "num_classes": classes}))
    monkeypatch.setenv("HEADSTART_MODELS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return folder


def test_those_at_hand_in_the_order_of_the_static_list(several: Path) -> None:
    found, left_out = candidates_for("image", Wanted())
    names = ["local/broad", "local/narrow", "headstart/embedded"]
    assert [(one.name, one.static_rank) for one in found] == list(zip(names, (1, 2, 3), strict=True))
    assert left_out == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The servers that were asked whether they answer; all do."""
    addresses: list[str] = []
    monkeypatch.setattr(
        "headstart.backbones._at_hand.check_reachable", lambda address, what: addresses.append(address)
    )
    return addresses


def test_those_to_be_downloaded_only_when_asked_for(several: Path, asked: list[str]) -> None:
    candidates_for("image", Wanted())
    assert asked == []
    found, _ = candidates_for("image", Wanted(hub=True))
    assert {"local/broad", "local/narrow"} < {one.name for one in found}
    assert any(not one.card.at_hand for one in found)
    assert sorted(asked) == ["https://download.pytorch.org", "https://huggingface.co"], "each server once"


def test_what_cannot_be_reached_is_left_out_and_named(several: Path) -> None:
    found, left_out = candidates_for("image", Wanted(hub=True))
    assert [one.name for one in found] == ["local/broad", "local/narrow", "headstart/embedded"]
    assert {"timm/resnet50.a1_in1k", "torchvision/resnet50"} < {one.backbone for one in left_out}
    assert {one.why for one in left_out} == {"It is not on this machine, and HF_HUB_OFFLINE forbids to fetch it"}


def test_where_nobody_brought_one_the_hub_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with monkeypatch.context() as patch:
        patch.setattr("headstart.backbones._at_hand.check_reachable", lambda address, what: None)
        found, _ = candidates_for("image", Wanted())
    assert [one.name for one in found if one.card.at_hand] == ["headstart/embedded"]
    assert len(found) > 1
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found, left_out = candidates_for("image", Wanted())
    assert [one.name for one in found] == ["headstart/embedded"]
    assert {one.why for one in left_out} == {"It is not on this machine, and HF_HUB_OFFLINE forbids to fetch it"}
    with pytest.raises(HeadstartError, match=r"No backbone can be fetched\. It is not on this machine"):
        candidates_for("image", Wanted(named=("timm/resnet50.a1_in1k",)))


def test_the_large_are_left_out_and_named(several: Path, asked: list[str]) -> None:
    found, left_out = candidates_for("image", Wanted(hub=True, most_parameters=5_000_000))
    assert all(one.card.parameters <= 5_000_000 for one in found)
    (why,) = [one.why for one in left_out if one.backbone == "timm/resnet50.a1_in1k"]
    assert why == "it has 25.6 M parameters, more than 5.0 M"
    with pytest.raises(UsageError, match=r"All 3 backbones have more than 1 k .* Raise --most-parameters"):
        candidates_for("image", Wanted(most_parameters=1000))


def test_those_that_are_named_by_name_or_folder(several: Path, tiny_backbones: Path) -> None:
    path = str(tiny_backbones / "tiny_resnet")
    found, _ = candidates_for("image", Wanted(named=("narrow", path)))
    assert {one.given for one in found} == {"narrow", path}
    assert {one.name for one in found} == {"local/narrow", "local/tiny_resnet"}


def test_mistakes(several: Path, tiny_backbones: Path) -> None:
    with pytest.raises(InputError, match="takes texts, and these examples are images"):
        candidates_for("image", Wanted(named=(str(tiny_backbones / "tiny_bert"),)))
    with pytest.raises(HeadstartError, match="Did you mean"):
        candidates_for("image", Wanted(named=("narow",)))
