"""Draws answers that are masks beside the truth, for the report: the worst first."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
from torch import Tensor

from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.report.evidence import Drawn
from headstart.experiment.presentation.embedding import decoded, embedded, widened
from headstart.tasks.base import Task

SHOWN, BEST = 12, 3
"""So many of the worst pictures are shown, and of the best."""

WIDTH, STRENGTH = 240, 0.55
"""Pixels of a picture, and how much of a mask's colour covers it."""


def drawn_answers(task: Task, examples: Examples, rows: np.ndarray, outputs: Tensor, encoded: Tensor) -> list[Drawn]:
    """The pictures at `rows`, each beside its true mask and the predicted one; none where answers are no masks.

    Parameters
    ----------
    outputs, encoded : of the M examples at `rows`.
    """
    if not task.draws:
        return []
    wrong = task.mistakes(outputs, encoded)
    order = np.argsort(-wrong, kind="stable").tolist()
    chosen = order if len(order) <= SHOWN + BEST else [*order[:SHOWN], *order[-BEST:]]
    modality = MODALITIES.load(examples.modality)()
    found = []
    for place in chosen:
        if (picture := decoded(modality, examples.references[rows[place]], WIDTH)) is None:
            continue
        plain, name = widened(picture, WIDTH), examples.ids[rows[place]]
        strip = _strip(plain, [task.picture(answer[place], plain.size) for answer in (encoded, outputs)], name)
        found.append(Drawn(name, float(wrong[place]), strip))
    return found


def _strip(plain: PIL.Image.Image, masks: Sequence[bytes], name: str) -> str:
    """The picture, and under each of the masks, side by side as one image."""
    width, height = plain.size
    strip = PIL.Image.new("RGB", (width * (1 + len(masks)), height))
    strip.paste(plain, (0, 0))
    for place, mask in enumerate(masks, 1):
        colours = PIL.Image.open(io.BytesIO(mask)).convert("RGB")
        strip.paste(PIL.Image.blend(plain, colours, STRENGTH), (width * place, 0))
    return embedded(strip, f"{name}: the picture, its true mask, and the predicted one")
