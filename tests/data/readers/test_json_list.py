"""A JSON file with a list of objects is a table; one with an object is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.examples import Examples
from headstart.data.read import read
from headstart.data.readers.base import Request

ROWS = [{"text": "so good", "label": "yes"}, {"text": "so bad", "label": "no", "stars": 1}] * 2


def asked(path: Path, **asked: Any) -> Examples:
    return read(Request(path, **asked))


def mistake(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        asked(path)
    return str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_object_is_a_row(tmp_path: Path, make: Any, encoding: str) -> None:
    path = make.write(tmp_path / "a.json", f"\n {json.dumps(ROWS, indent=1)}\n".encode(encoding))
    examples = asked(path)
    assert examples.references == ["so good", "so bad"] * 2
    assert examples.targets == ["yes", "no"] * 2
    assert list(examples.ids) == ["a.json row 1", "a.json row 2", "a.json row 3", "a.json row 4"]
    assert examples.further == {"stars": [None, 1, None, 1]}
    assert asked(path, needs_targets=False).targets is None


def test_every_row_that_is_no_object_is_named(tmp_path: Path, make: Any) -> None:
    message = mistake(make.write(tmp_path / "a.json", json.dumps([*ROWS, "so so", [1]])))
    assert "2 of 6 rows cannot be read" in message
    assert "a.json row 5: not an object such as" in message
    assert "a.json row 6" in message
    assert "holds no rows" in mistake(make.write(tmp_path / "a.json", "[]"))
    assert "a.json line 2: not JSON" in mistake(make.write(tmp_path / "a.json", '[\n{"text": }]'))
    assert "too deeply nested" in mistake(make.write(tmp_path / "a.json", "[" * 100_000))


def test_an_object_is_asked_for_boxes(tmp_path: Path, make: Any) -> None:
    assert "it lacks the key 'images'" in mistake(make.write(tmp_path / "a.json", '{"text": "so good"}'))
