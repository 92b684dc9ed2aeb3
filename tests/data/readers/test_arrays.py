"""Python objects as source data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from headstart.core.errors import InputError
from headstart.data.examples import Examples
from headstart.data.readers.arrays import Arrays
from headstart.data.readers.base import Request


def read(source: Any, **asked: Any) -> Examples:
    return Arrays().read(Request(source, **asked))


def test_a_pair_of_lists_arrays_or_series() -> None:
    for inputs, targets in (
        (["a", "b"], ["x", "y"]),
        (np.array(["a", "b"]), np.array(["x", "y"])),
        (pd.Series(["a", "b"]), pd.Series(["x", "y"])),
    ):
        examples = read((inputs, targets))
        assert examples.references == ["a", "b"]
        assert examples.targets == ["x", "y"]
        assert list(examples.ids) == ["input[0]", "input[1]"]
    numbers = read((["a", "b"], np.array([1, 2]))).targets
    assert numbers == [1, 2]
    assert type((numbers or [])[0]) is int


def test_images_in_arrays_lists_and_paths(tmp_path: Path, make: Any) -> None:
    picture = make.picture(tmp_path / "a.png")
    pixels = np.zeros((2, 8, 9, 3), np.uint8)
    for source, count in (
        (pixels, 2),
        (pixels[0], 1),
        (pixels[..., 0], 2),
        (Image.new("RGB", (3, 3)), 1),
        ([str(picture)], 1),
        ([picture], 1),
        ((Image.new("L", (3, 3)), Image.new("L", (3, 3))), 2),
        ((pixels[0], pixels[1]), 2),
    ):
        examples = read(source, needs_targets=False)
        assert (examples.modality, len(examples)) == ("image", count)
    assert read([str(picture)], needs_targets=False).references == [picture]


def test_a_tuple_of_two_texts_is_two_inputs() -> None:
    assert read(("a", "b"), needs_targets=False).references == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ((["a", "b"], ["x"]), "2 inputs but 1 targets"),
        (["a", "b"], "no targets"),
        ([], "empty"),
        (([1, 2], [0, 1]), "not images or texts"),
        (np.zeros((5, 7)), "no targets"),
        ((np.zeros((5, 7)), [0, 1, 0, 1, 0]), "not images or texts"),
        ((["a", "b", "c"], ["x", None, "y"]), r"input\[1\]: the target is missing"),
        ({"text": ["a"], "label": []}, "not equally long"),
        (pd.DataFrame([["a", "b"]], columns=["t", "t"]), "several columns"),
        (pd.DataFrame({"text": [], "label": []}), "no rows"),
        ({}, "no rows"),
    ],
)
def test_mistakes(source: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(source)


def test_frames_put_together_count_their_rows_anew() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    assert list(read(pd.concat([frame, frame])).ids) == ["row 0", "row 1", "row 2", "row 3"]


def test_a_frame_names_rows_by_its_index() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", pd.NA]}, index=[10, 20])
    with pytest.raises(InputError, match="row 20: the target is missing"):
        read(frame)


def test_columns_are_for_tables() -> None:
    with pytest.raises(InputError, match="target='label'"):
        read((["a"], ["b"]), target="label")
