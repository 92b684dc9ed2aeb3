"""What a backbone that knows words gives for the names of classes: directions in the space of its features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.errors import UsageError
from headstart.core.names import Name, meaningless

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone

HOLE = "{}"


@dataclass(frozen=True)
class Named:
    """A backbone that was told names.

    Attributes
    ----------
    backbone : gives the features that the directions are compared with.
    directions : (L, D), one of length 1 for each name; an example belongs to the name whose direction its features
        have most of.
    scale : what cosines are multiplied by to be logits.
    prompts : the templates that were used.
    cosine : whether features are brought to length 1 first; False where they are logits already.
    """

    backbone: Backbone
    directions: Tensor
    scale: float
    prompts: tuple[str, ...]
    cosine: bool = True


def directions(names: Sequence[Name], prompts: Sequence[str], vectors: Callable[[list[str]], Tensor]) -> Tensor:
    """(L, D) of length 1: for each name the mean of its prompts' vectors, each of length 1 first.

    Radford et al. 2021, "Learning transferable visual models from natural language supervision", section 3.1.4
    (arXiv:2103.00020): an ensemble over prompts is taken in the space of embeddings. A name with a description
    stands for itself too: both are put into every prompt, but for a label that means nothing by itself.

    Parameters
    ----------
    vectors : gives (n, D) of n texts.
    """
    texts = [spelled(name, prompts) for name in names]
    found = functional.normalize(vectors([text for each in texts for text in each]).float(), dim=1)
    parts = found.split([len(each) for each in texts])
    return functional.normalize(torch.stack([part.mean(dim=0) for part in parts]), dim=1)


def spelled(name: Name, prompts: Sequence[str]) -> list[str]:
    """The texts that stand for a name: every prompt with each of its ways to be said."""
    return [prompt.replace(HOLE, words) for words in _ways(name) for prompt in prompts]


def check_prompts(prompts: Sequence[str]) -> tuple[str, ...]:
    """The prompts, each with a hole for the name.

    Raises
    ------
    UsageError : one has none.
    """
    if bad := [prompt for prompt in prompts if HOLE not in prompt]:
        raise UsageError(f"The prompt {bad[0]!r} has no {HOLE} where the name of a class goes.")
    return tuple(prompts)


def _ways(name: Name) -> list[str]:
    """The words for a name: the label's, unless it is a code with a description, and those of the description."""
    label = Name(name.label)
    said = [] if name.description and meaningless([label]) else [label.words]
    return list(dict.fromkeys([*said, name.words]))
