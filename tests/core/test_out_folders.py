"""Nothing that holds something is written to, and a free name is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.core.errors import InputError
from headstart.core.out_folders import check_out, first_free


def test_a_folder_is_refused_where_it_holds_something(tmp_path: Path) -> None:
    check_out(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    check_out(tmp_path / "empty")
    (tmp_path / "file").touch()
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match=f"{taken.name} exists already and is not overwritten.*--out"):
            check_out(taken)


def test_the_first_free_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert first_free("m") == Path("m")
    for taken in ("m", "m-2", "m-4"):
        Path(taken).mkdir()
    assert first_free("m") == Path("m-3")
