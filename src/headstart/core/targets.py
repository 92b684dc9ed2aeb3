"""Raw targets as plain values, so that the same target is the same however it was read."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(target: Any) -> Any:
    """`target` as a plain Python value: numpy scalars unwrapped, whole floats as ints.

    A column of whole numbers with one cell missing is read as floats, so 3.0 and 3 are the same class.
    """
    if isinstance(target, np.generic):
        target = target.item()
    if isinstance(target, np.ndarray):
        target = target.tolist()
    return int(target) if isinstance(target, float) and target.is_integer() else target
