"""Which examples a model is to learn from, and what they are called."""

from __future__ import annotations

from headstart.diagnosis.base import Evidence


def learnable(evidence: Evidence) -> tuple[list[str], list[str], str]:
    """Ids and strata of the examples to learn from, and what one is called.

    In a fit they are the training split. Where the test split is opened, in a check, nothing is held out yet: they
    are all but the splits that the person gave for judging.
    """
    if "test" not in evidence.opened:
        splits, noun = ["train"], "training example"
    else:
        splits, noun = [name for name in evidence.ids if name == "train" or name not in evidence.given], "example"
    known = [name for name in splits if name in evidence.strata]
    ids = [identity for name in known for identity in evidence.ids[name]]
    return ids, [stratum for name in known for stratum in evidence.strata[name]], noun
