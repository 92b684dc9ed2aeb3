"""Few examples: where a rung is made for them all are learnt from, and each judges every rung, out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headstart.backbones.base import Backbone
from headstart.core.progress import Progress
from headstart.experiment.material import Material
from headstart.strategies.base import Strategy

TELLING = 20
"""With fewer held-out examples one mistake is more than five points, and no rung can be told from another."""


def thrifty(material: Material, backbone: Backbone, strategies: Sequence[Strategy], progress: Progress) -> Material:
    """`material` without held-out examples, where these are too few to choose by and a rung is made for few.

    Examples that were given to compare on stay held out, and a strategy that is asked for alone needs no comparing.
    """
    parts, given = material.split, material.examples.splits or ()
    if len(strategies) == 1 or parts.out_of_fold or "validation" in given or len(parts.validation) >= TELLING:
        return material
    together = parts.without_held_out()
    offered = (rung for each in strategies for rung in each.rungs(backbone, material.task, len(together.train)))
    if not any(rung.for_few for rung in offered):
        return material
    progress.say(
        f"  note: {len(parts.validation)} held-out examples are too few to choose by, so all {len(together.train)} "
        "are learnt from, and each is judged by what did not see it."
    )
    return replace(material, split=together)
