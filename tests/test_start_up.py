"""Starting is quick: neither importing headstart, nor help, nor listing backbones loads torch or its friends."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "timm", "transformers", "accelerate", "sklearn", "scipy", "pandas", "PIL")


@pytest.mark.parametrize(
    "code",
    [
        "import headstart; dir(headstart); headstart.__version__",
        "from headstart.cli import main; main(['--help'])",
        "from headstart.cli import main; main(['fit', '--help'])",
        "from headstart.cli import main; main(['models', '--all'])",
        "from headstart.cli import main; main(['models', '--json'])",
        "from headstart.cli import main; main(['cache'])",
        "from headstart.cli import main; main([])",
    ],
)
def test_loads_nothing_heavy(code: str) -> None:
    probe = f"""
import sys
try:
    {code}
except SystemExit as leaving:
    assert leaving.code == 0, leaving.code
found = [name for name in {HEAVY!r} if name in sys.modules]
sys.exit(f"loaded: {{found}}" if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_fit_starts_without_what_it_may_not_need() -> None:
    """Each of these takes half a second or more, of the few that a fit on examples seen before takes in all."""
    late = ("scipy.stats", "scipy.optimize", "sklearn", "captum", "torchvision", "timm", "transformers", "pandas")
    probe = f"""
import sys
import headstart.experiment.flow
found = [name for name in {late!r} if name in sys.modules]
sys.exit(f"loaded: {{found}}" if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_face_names_what_there_is() -> None:
    import headstart

    assert {"fit", "load", "Model", "HeadstartClassifier"} <= set(dir(headstart))
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = headstart.fitt
