"""Thirty broken masks in medical files of each kind: each a message that names the file, none a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.data.read import read
from headstart.data.readers.base import Request

FORMATS = pytest.importorskip("broken_scans", reason="the extra medical is not installed").FORMATS


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, each in FORMATS.items() for case in each.cases])
def test_a_broken_file_is_named(name: str, case: str, tmp_path: Path) -> None:
    found = FORMATS[name].said_of(case, tmp_path)
    assert FORMATS[name].cases[case][1] in found


@pytest.mark.parametrize("name", FORMATS)
def test_there_are_thirty_of_each_kind_and_the_sound_ones_are_read(name: str, tmp_path: Path) -> None:
    assert len(FORMATS[name].cases) >= 30
    assert len(read(Request(FORMATS[name].sound(tmp_path)))) == 2
