"""ultralytics is imported after its licence was said, and leaves no trace; a stand-in does what it would do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.core import agpl_package
from headstart.core.agpl_package import EXTRA, TERMS, is_installed, part_of_ultralytics
from headstart.core.errors import MissingDependency

ROOT = Path(__file__).resolve().parents[2]

STAND_IN = """\
import os, pathlib, sys, warnings
import numpy, torch
print("imported", file=sys.stderr)
folder = pathlib.Path(os.environ.get("YOLO_CONFIG_DIR") or pathlib.Path.home() / ".config")
folder.mkdir(parents=True, exist_ok=True)
(folder / "settings.json").write_text("{}")
assert os.environ["YOLO_OFFLINE"] == "true", "it would look for a network"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["KINETO_LOG_LEVEL"] = "5"
torch.save = print
torch.set_printoptions(linewidth=320)
numpy.set_printoptions(linewidth=320)
warnings.filterwarnings("ignore", category=FutureWarning)
"""
"""Does at its import what the package does."""

SETTINGS = """\
class Settings(dict):
    def update(self, **given):
        super().update(given)
        print("settings", given)
SETTINGS = Settings()
"""

WATCHED = """\
import os, socket, sys, warnings
import numpy, torch
asked = []
def no(*given, **named):
    asked.append(given)
    raise OSError("there is no network")
socket.getaddrinfo = socket.socket.connect = no
def seen():
    printing = torch._tensor_str.PRINT_OPTS.linewidth, numpy.get_printoptions()
    return dict(os.environ), torch.save, list(warnings.filters), printing
before = seen()
from headstart.core.agpl_package import part_of_ultralytics
assert "ultralytics" not in sys.modules
part = part_of_ultralytics("nn.tasks")
assert seen() == before
assert not asked, asked
assert part is part_of_ultralytics("nn.tasks")
"""
"""Imports a part, and looks whether anything else has changed."""


def stand_in(folder: Path, content: str = STAND_IN) -> None:
    """A package of that name in `folder`."""
    for name in ("ultralytics", "ultralytics/nn"):
        (folder / name).mkdir(parents=True)
    (folder / "ultralytics/__init__.py").write_text(content)
    (folder / "ultralytics/utils.py").write_text(SETTINGS)
    for name in ("nn/__init__.py", "nn/tasks.py"):
        (folder / "ultralytics" / name).write_text("")


def run(code: str, home: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, whose person has a home without a file."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "YOLO_"))}
    found = os.pathsep.join(map(str, [*paths, ROOT / "src"]))
    own = {**kept, "HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(home), "PYTHONPATH": found}
    return subprocess.run([sys.executable, "-c", code], env=own, capture_output=True, text=True, timeout=120)


def test_the_licence_is_said_first_and_nothing_stays(tmp_path: Path) -> None:
    stand_in(tmp_path / "packages")
    done = run(WATCHED, tmp_path / "home", tmp_path / "packages")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [TERMS, "imported"]
    assert done.stdout.split() == ["settings", "{'sync':", "False}"]
    assert not list((tmp_path / "home").iterdir())


def test_settings_of_a_program_that_has_imported_it_are_left_alone(tmp_path: Path) -> None:
    stand_in(tmp_path / "packages", "import sys; print('imported', file=sys.stderr)")
    code = "import ultralytics; from headstart.core.agpl_package import part_of_ultralytics as part; part('utils')"
    done = run(code, tmp_path / "home", tmp_path / "packages")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["imported", TERMS]
    assert not done.stdout


def test_a_package_that_lacks_a_library_of_graphics_is_told_from_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "ultralytics"]:
        monkeypatch.delitem(sys.modules, name)
    agpl_package._open.cache_clear()
    with pytest.raises(MissingDependency, match=r"cannot be imported: libGL\.so\.1.*opencv-python-headless"):
        part_of_ultralytics("utils")


def test_where_it_is_missing_the_extra_and_its_licence_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    agpl_package._open.cache_clear()
    assert not is_installed()
    with pytest.raises(MissingDependency, match=rf"headstart\[{EXTRA}\].*AGPL-3.0"):
        part_of_ultralytics("nn.tasks")


@pytest.mark.skipif(not is_installed(), reason="ultralytics is not installed (extra ultralytics)")
def test_the_package_itself_writes_nothing_and_asks_no_server(tmp_path: Path) -> None:
    further = "import ultralytics.utils as own; assert not own.ONLINE and not own.SETTINGS['sync']\n"
    done = run(WATCHED + further, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [TERMS]
    assert not done.stdout
    assert not list((tmp_path / "home").rglob("*"))
