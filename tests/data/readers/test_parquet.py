"""Parquet: columns, images inside the table, and damaged files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from headstart.core.errors import InputError, MissingDependency
from headstart.data.modalities.image import Image
from headstart.data.readers.base import Request
from headstart.data.readers.parquet import Parquet


def test_a_table(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "year=2020" / "a.parquet"
    path.parent.mkdir()
    pd.DataFrame({"text": list("abcd"), "label": pd.Categorical(["x", "y", "x", "y"])}).to_parquet(path)
    examples = Parquet().read(Request(path))
    assert examples.references == list("abcd")
    assert examples.targets == ["x", "y", "x", "y"]
    assert examples.ids[0] == "a.parquet row 1"


def test_images_inside(tmp_path: Path, make: Any) -> None:
    pytest.importorskip("pyarrow")
    cells = [{"bytes": make.picture(tmp_path / "x.png", seed=i).read_bytes(), "path": None} for i in range(4)]
    pd.DataFrame({"image": cells, "label": [0, 1, 0, 1]}).to_parquet(tmp_path / "a.parquet")
    examples = Parquet().read(Request(tmp_path / "a.parquet"))
    assert examples.modality == "image"
    assert Image().decode(examples.references[0]).size == (24, 16)


def test_a_damaged_file(tmp_path: Path, make: Any) -> None:
    pytest.importorskip("pyarrow")
    path = make.write(tmp_path / "a.parquet", "not parquet")
    with pytest.raises(InputError, match="damaged or no Parquet file"):
        Parquet().read(Request(path))


def test_a_missing_library(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.write(tmp_path / "a.parquet", "not parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"headstart\[parquet\]"):
        Parquet().read(Request(path))
