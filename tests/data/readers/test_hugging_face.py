"""Hugging Face data sets: saved folders, and names that cannot be paths."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError, MissingDependency
from headstart.data.modalities.image import Image
from headstart.data.readers.base import Request
from headstart.data.readers.hugging_face import HuggingFace, hub_name


def test_a_name_is_taken_only_when_it_cannot_be_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert hub_name("hf:owner/name") == "owner/name"
    assert hub_name("owner/name") == "owner/name"
    assert hub_name("owner/name-2.0") == "owner/name-2.0"
    for path in ("data/name", "data", "owner/name.csv", "./owner/name", "/owner/name", "a/b/c", "owner/name.jpeg"):
        assert hub_name(path) is None, path
    assert hub_name(tmp_path) is None


def test_a_saved_set_with_splits_images_and_class_names(tmp_path: Path, make: Any) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    parts = {}
    for number, split in enumerate(("train", "valid", "unsupervised")):
        pictures = [str(make.picture(tmp_path / f"{split}{i}.png", seed=10 * number + i)) for i in range(4)]
        parts[split] = datasets.Dataset.from_dict({"image": pictures, "label": [0, 1, 0, 1]}, features=features)
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    examples = HuggingFace().read(Request(tmp_path / "saved"))
    assert examples.modality == "image"
    assert examples.targets == ["cat", "dog"] * 4
    assert examples.splits == ["train"] * 4 + ["validation"] * 4
    assert Image().decode(examples.references[0]).size == (24, 16)
    assert "unsupervised" in examples.notes[0]


def test_a_saved_set_of_texts_without_splits(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = {"text": list("abcde"), "label": [0, 1, 0, 1, -1]}
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "saved")
    with pytest.raises(InputError, match="row 5: the target is missing"):
        HuggingFace().read(Request(tmp_path / "saved"))
    examples = HuggingFace().read(Request(tmp_path / "saved", needs_targets=False))
    assert examples.references == list("abcde")
    assert examples.splits is None


def test_further_columns_of_a_saved_set(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    rows = {"text": ["so a", "so b"], "label": ["x", "y"], "speaker": ["s1", "s2"]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "saved")
    examples = HuggingFace().read(Request(tmp_path / "saved", input="text", target="label", fits=False))
    assert examples.further == {"speaker": ["s1", "s2"]}


def test_a_damaged_folder(tmp_path: Path, make: Any) -> None:
    pytest.importorskip("datasets")
    make.write(tmp_path / "saved" / "dataset_dict.json", "{")
    with pytest.raises(InputError, match="Could not read"):
        HuggingFace().read(Request(tmp_path / "saved"))


def test_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependency, match=r"headstart\[hub\]"):
        HuggingFace().read(Request("hf:owner/name"))
