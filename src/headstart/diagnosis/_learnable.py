"""Which examples a model is to learn from, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core.results import FindingExample
from headstart.diagnosis._objects import holds_objects, objects
from headstart.diagnosis.base import Evidence


def learnable(evidence: Evidence) -> tuple[list[str], list[str], str]:
    """Ids and strata of the examples to learn from, and what one is called.

    In a fit they are the training split. Where the test split is opened, in a check, nothing is held out yet: they
    are all but the splits that the person gave for judging. Where several objects are marked in an example, each
    counts: its id then occurs as often.
    """
    if "test" not in evidence.opened:
        splits, noun = ["train"], "training example"
    else:
        splits, noun = [name for name in evidence.ids if name == "train" or name not in evidence.given], "example"
    if holds_objects(evidence):
        marked = objects(evidence, splits)
        return [identity for identity, *_ in marked], [box.label for *_, box in marked], "object"
    known = [name for name in splits if name in evidence.strata]
    ids = [identity for name in known for identity in evidence.ids[name]]
    return ids, [stratum for name in known for stratum in evidence.strata[name]], noun


def once(scored: Iterable[tuple[str, float]]) -> list[FindingExample]:
    """Each example once, with the highest of its scores, in the order of their first."""
    best: dict[str, float] = {}
    for identity, score in scored:
        best[identity] = max(score, best.get(identity, score))
    return [FindingExample(identity, score) for identity, score in best.items()]
