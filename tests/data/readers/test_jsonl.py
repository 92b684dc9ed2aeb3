"""JSON Lines: lists as targets, and every bad line named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.readers.base import Request
from headstart.data.readers.jsonl import Jsonl


def test_lists_numbers_and_line_numbers(tmp_path: Path, make: Any) -> None:
    lines = (
        '{"text": "one\u2028two", "label": ["a"]}\n\n{"text": "b", "label": ["a", "b"]}\n{"text": "c", "label": []}'
    )
    examples = Jsonl().read(Request(make.write(tmp_path / "a.jsonl", lines)))
    assert examples.targets == [["a"], ["a", "b"], []]
    assert list(examples.ids) == ["a.jsonl row 1", "a.jsonl row 3", "a.jsonl row 4"]
    assert examples.references[0] == "one\u2028two"


def test_every_bad_line_is_named(tmp_path: Path, make: Any) -> None:
    deep = "[" * 100_000
    lines = f'{{"text": "a", "label": 1}}\n{{"text": \n[1, 2]\n{deep}\n'
    with pytest.raises(InputError) as raised:
        Jsonl().read(Request(make.write(tmp_path / "a.jsonl", lines)))
    assert "a.jsonl row 2: not JSON" in str(raised.value)
    assert "a.jsonl row 3: not an object" in str(raised.value)
    assert "a.jsonl row 4" in str(raised.value)


def test_a_key_that_a_line_lacks_is_a_missing_target(tmp_path: Path, make: Any) -> None:
    path = make.write(tmp_path / "a.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n')
    with pytest.raises(InputError, match="row 2: the target is missing"):
        Jsonl().read(Request(path))
