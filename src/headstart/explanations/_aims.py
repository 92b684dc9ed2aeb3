"""What there is to explain in the answer to one input: a label or number, each of its boxes, or its mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from headstart.core.errors import UsageError
from headstart.explanations._aim import Aim
from headstart.explanations._box_aim import MOST, BoxAim
from headstart.explanations._mask_aim import MaskAim
from headstart.explanations._output_aim import aim_at, find_target
from headstart.tasks.base import Task

_BOXES = "boxes"


def aims_at(
    task: Task, calibration: Mapping[str, float], outputs: Tensor, label: str | None = None, target: str | None = None
) -> list[Aim]:
    """The aims at what `outputs` of one input say; of boxes the surest, or the surest of that `label`.

    Raises
    ------
    UsageError : no such label or target.
    ValueError : nothing of the kind was found in this input.
    """
    if not task.reads_maps:
        return [aim_at(task, calibration, outputs, label, target)]
    if target is not None:
        raise UsageError("It predicts one target; leave out --target.")
    if task.draws:
        if label is not None:
            raise UsageError("A mask is explained as a whole; leave out --label.")
        return [MaskAim(task, calibration, outputs)]
    return [BoxAim(task, calibration, box, outputs) for box in _boxes(task, calibration, outputs, label)[:MOST]]


def _boxes(task: Task, calibration: Mapping[str, float], outputs: Tensor, label: str | None) -> list[dict[str, Any]]:
    if label is not None:
        find_target(task, outputs, label)
    found = task.decode(task.kept(outputs), calibration).columns.get(_BOXES, [[]])[0]
    wanted = [box for box in found if label in (None, box["label"])]
    if not wanted:
        raise ValueError(f"no {'box' if label is None else repr(label)} was found in it")
    return wanted
