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
    """Each takes its time, most half a second or more, of the few that a fit on examples seen before takes."""
    late = (
        "accelerate",
        "scipy.stats",
        "scipy.optimize",
        "sklearn",
        "captum",
        "torchvision",
        "timm",
        "transformers",
        "pandas",
        "triton",
    )
    probe = f"""
import sys
import headstart.experiment.fitting.flow
from headstart.tasks import TASKS
loaded = [TASKS.load(name) for name in TASKS.names()]
found = [name for name in {late!r} if name in sys.modules]
sys.exit(f"loaded: {{found}}" if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_traits_are_judged_without_scikit_learn() -> None:
    """It takes a second to import, a fifth of what a fit on examples seen before takes in all."""
    probe = """
import sys
import numpy as np
from headstart.diagnosis._trait_classifier import judge
judged = judge(np.arange(40.0)[:, None], np.array(["a"] * 20 + ["b"] * 20))
assert judged.accuracy.value > 0.9
sys.exit("loaded" if "sklearn" in sys.modules else 0)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_torchvision_comes_without_the_compiler_and_finds_it_where_it_is_asked() -> None:
    """The compiler takes five times as long to import as torchvision, which wants one function of it."""
    probe = """
import sys
from headstart.backbones.torchvision import Torchvision
Torchvision().tiny("mobilenet_v2")
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
assert "torch._dynamo.utils" not in sys.modules, "what stood for it was left behind"
assert sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu") in (True, False)
import torch._dynamo.utils
assert torch._dynamo.utils.is_compile_supported("cpu") in (True, False)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_face_names_what_there_is() -> None:
    import headstart

    assert {"fit", "load", "Model", "HeadstartClassifier"} <= set(dir(headstart))
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = headstart.fitt
