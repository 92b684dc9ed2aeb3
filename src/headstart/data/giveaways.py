"""Finds targets that stand in the input itself, so that a model would only learn to copy them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from headstart.core.errors import Problem
from headstart.data.examples import Examples

OWN_SHARE = 0.95
OTHER_SHARE = 0.05
_SHORTEST = 3


def giveaway_mistake(examples: Examples) -> Problem | None:
    """A problem when every class's name stands in at least 95 % of its own texts and at most 5 % of the others.

    Only whole words count ("art" is not in "party"), and only names of three characters or more. Inputs that
    are no strings, and targets that are no words, cannot give anything away here.
    """
    if examples.targets is None or not all(isinstance(reference, str) for reference in examples.references):
        return None
    texts: dict[str, list[int]] = defaultdict(list)
    for i, target in enumerate(examples.targets):
        if not isinstance(target, str) or len(target) < _SHORTEST:
            return None
        texts[target].append(i)
    if len(texts) < 2 or not all(_share(name, examples, own) >= OWN_SHARE for name, own in texts.items()):
        return None
    for name, own in texts.items():
        mine = set(own)
        if _share(name, examples, [i for i in range(len(examples)) if i not in mine]) > OTHER_SHARE:
            return None
    name, own = next(iter(texts.items()))
    return Problem(
        examples.source or "the texts",
        f"the target stands in the text: every class's name is in at least {OWN_SHARE:.0%} of its own texts and "
        f"hardly in others, e.g. {name!r} in {examples.ids[own[0]]}",
        "remove it from the texts, or choose another input column: a model would only learn to copy it",
    )


def _share(name: str, examples: Examples, indices: Sequence[int]) -> float:
    """The share of these texts that hold `name` as a word of its own."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    held = sum(word.search(examples.references[i]) is not None for i in indices)
    return held / len(indices) if indices else 0.0
