"""A measured process leaves no temporary file behind, even where it is killed."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import pytest

MAKES = "import tempfile, time; print(tempfile.mkdtemp(), flush=True); time.sleep({seconds})"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
@pytest.mark.parametrize(("seconds", "limit", "status"), [(0, 60, 0), (600, 2, -9)])
def test_temporary_folders_go_with_the_process(
    benchmarks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, limit: float, status: int
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-c", MAKES.format(seconds=seconds)]
    done = importlib.import_module("measure").run(command, tmp_path, limit, {})
    assert done.status == status
    assert tmp_path in Path(done.stdout.strip()).parents
    assert list(tmp_path.iterdir()) == []
