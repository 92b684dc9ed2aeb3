"""A ladder of scripted rungs over known held-out examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripted_ladder import Playground


@pytest.fixture
def playground(tmp_path: Path) -> Callable[..., Playground]:
    """``playground()`` has 100 balanced held-out examples; ``playground(truth)`` others."""
    return lambda truth=(0, 1) * 50: Playground(tmp_path / "fit", truth)
