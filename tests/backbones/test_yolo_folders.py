"""Folders of ultralytics' YOLO as they are told and refused; nothing here needs the package."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from documents import PROJECT, text_of
from headstart.backbones import SOURCES, all_cards, default_card, load
from headstart.backbones.folders.folder import source_of
from headstart.backbones.folders.yolo_names import DEFINED, NAMES, SCRIPT, classes_of
from headstart.core import agpl_package
from headstart.core.errors import HeadstartError, MissingDependency, UsageError
from small_detectors import saved
from yolo_folders import yolo_config


@pytest.fixture
def without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    agpl_package._open.cache_clear()


@pytest.mark.usefixtures("without_the_package")
def test_a_folder_is_listed_under_the_licence_and_taken_by_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yolo_config(tmp_path / "yolo", license="mit")
    saved("ssdlite320_mobilenet_v3_large", tmp_path / "ssd")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    card = next(each for each in all_cards() if each.name == "local/yolo")
    assert (card.licence, card.binding, card.boxes) == ("agpl-3.0", True, True)
    assert card.pretraining == "yolo11n, boxes of 3 classes"
    assert card.rank > 0
    assert default_card("image", boxes=True).name == "local/ssd"
    (tmp_path / "ssd" / "config.json").unlink()
    assert default_card("image", boxes=True).name != "local/yolo"


@pytest.mark.usefixtures("without_the_package")
def test_without_the_package_the_extra_and_its_licence_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match=r"pip install 'headstart\[ultralytics\]'.*AGPL-3.0"):
        load(yolo_config(tmp_path / "yolo"))


def test_no_contract_is_asked_of_it_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES.load("ultralytics")()
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    assert source.families() == []
    assert source.cards() == []


@pytest.mark.parametrize(
    "name", ["yolo11q", "yolo11n-seg", "../yolo11n", "/tmp/yolo11n.yaml", "yolo11n.yaml", "", 11, None]
)
def test_only_names_that_are_known_make_a_network(name: Any, tmp_path: Path) -> None:
    folder = yolo_config(tmp_path / "detector", architecture=name)
    with pytest.raises(HeadstartError, match=r"detector: ultralytics has no detector .* There are: yolov5\{n,s"):
        load(folder)


def test_the_nearest_name_is_offered(tmp_path: Path) -> None:
    with pytest.raises(HeadstartError, match="Did you mean 'yolo11n'"):
        load(yolo_config(tmp_path / "detector", architecture="yolo11-n"))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"labels": {"0": "person"}}, '"labels" is a list of the names'),
        ({"labels": ["person", 2]}, '"labels" is a list of the names'),
        ({"labels": []}, '"labels" is a list of the names'),
        ({"num_classes": 4}, 'has 3 "labels" and "num_classes" 4'),
        ({"labels": None, "num_classes": "many"}, "\"num_classes\" is 'many'"),
        ({"labels": None, "num_classes": 0}, '"num_classes" is 0'),
    ],
)
def test_classes_that_make_no_sense_are_named_by_folder(told: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(HeadstartError, match=f"/detector: {why}"):
        load(yolo_config(tmp_path / "detector", **told))


def test_classes_without_names_are_those_of_coco_or_numbers() -> None:
    assert classes_of({}) == list(NAMES)
    assert len(NAMES) == 80
    assert classes_of({"num_classes": 80})[:2] == ["person", "bicycle"]
    assert classes_of({"num_classes": 2}) == ["0", "1"]


def test_pickles_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "yolo11n.pt").write_bytes(b"\x80\x04K\x01.")
    (tmp_path / "own.pt").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(
        HeadstartError, match=r"is a file, not a folder. It holds pickled weights, .*never opened"
    ) as told:
        load(tmp_path / "yolo11n.pt")
    assert SCRIPT.replace("NAME", "yolo11n") in str(told.value)
    assert "AGPL-3.0" in str(told.value)
    with pytest.raises(HeadstartError, match=r"pickled weights.*Convert it to a folder with config.json"):
        load(tmp_path / "own.pt")


@pytest.mark.parametrize("name", ["yolo11n", "yolo11n.pt"])
def test_published_weights_asked_for_by_name_are_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(UsageError, match="published as pickles alone") as told:
        load(f"ultralytics/{name}")
    assert SCRIPT.replace("NAME", "yolo11n") in str(told.value)
    with pytest.raises(HeadstartError, match="no detector 'yolo11q'"):
        load("ultralytics/yolo11q")


def test_the_document_has_the_script_that_messages_have() -> None:
    ast.parse(SCRIPT)
    assert SCRIPT.replace("NAME", "yolo11n") in text_of(PROJECT / "docs" / "detection.md")


def test_the_document_names_every_architecture() -> None:
    said = text_of(PROJECT / "docs" / "detection.md")
    families = {name.rstrip("u")[:-1] for name in DEFINED}
    assert all(f"`{family}" in said for family in families), families


class Stop(Exception):
    """The network was asked for."""


def test_what_a_folder_says_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in it but the name and the count of its classes reaches the network that is built."""
    folder, seen = yolo_config(tmp_path / "detector", activation="print('run')", yaml_file="other.yaml"), []

    def build(*given: Any) -> None:
        seen.append(given)
        raise Stop

    monkeypatch.setattr("headstart.backbones.detectors.yolo_networks.build", build)
    with pytest.raises(Stop):
        load(folder)
    assert seen == [("yolo11n", 3)]
    assert source_of(folder)[1].licence == "agpl-3.0"
