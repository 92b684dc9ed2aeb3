"""A test run leaves nothing in the system's temporary folder but the folders of tests that failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SETTINGS = Path(__file__).resolve().parents[1] / "pyproject.toml"
TESTS = """
def test_passes(tmp_path):
    (tmp_path / "large").write_text("passed")

def test_may_fail(tmp_path):
    (tmp_path / "large").write_text("failed")
    assert {passes}
"""


def kept(folder: Path, passes: bool) -> list[str]:
    """What the tests wrote and is still there after a run with the project's settings."""
    (folder / "test_some.py").write_text(TESTS.format(passes=passes))
    environment = {**os.environ, "PYTEST_DEBUG_TEMPROOT": str(folder)}
    options = ["-c", str(SETTINGS), "--rootdir", str(folder), "-p", "no:cacheprovider", "test_some.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=folder, env=environment, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == (not passes), done.stdout
    return [path.read_text() for path in {path.resolve() for path in folder.glob("pytest-of-*/pytest-*/*/large")}]


def test_only_folders_of_failed_tests_of_the_last_run_are_kept(tmp_path: Path) -> None:
    assert kept(tmp_path, passes=True) == []
    assert kept(tmp_path, passes=False) == ["failed"]
    assert kept(tmp_path, passes=False) == ["failed"]
