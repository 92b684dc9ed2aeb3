"""What a pretraining on texts works with: passages, a network that reads them, and examples to probe it on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from headstart.backbones import default_card, load, written_as
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.recurrent_text import begun
from headstart.core.device import choose_device
from headstart.core.errors import InputError, UsageError
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.registry import plug_in_name
from headstart.core.spec import AUTO
from headstart.core.timing import Stopwatch, say_duration
from headstart.data.checks import Checked
from headstart.experiment.bench import check_modality
from headstart.experiment.pretraining.choice import methods_of
from headstart.experiment.pretraining.inputs import inputs_of, targets_of
from headstart.experiment.pretraining.learning_material import Material, Wish
from headstart.experiment.pretraining.probe import Probe
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.pretraining import Passages, beginnings_of, passages_of
from headstart.pretraining._text_method import TextMethod

UNMET, MOST_UNMET, FEWEST_UNMET = 0.05, 400, 20
"""The share of texts that are left out of what is learnt from where nobody gave a probe, so many at most; of fewer
than the last figure nothing could be told, and none are left out."""


@dataclass(frozen=True)
class ReadingWish(Wish):
    """What a person asked for, of texts; ``architecture``, with its sizes, begins with random weights."""

    architecture: str | None

    @property
    def names_student(self) -> bool:
        return super().names_student or self.architecture is not None


@dataclass(frozen=True)
class GatheredTexts(Material):
    """What a pretraining on texts works with.

    Attributes
    ----------
    texts : those that can be read, each content once; ``met`` of them are learnt from. passages : of those. unmet :
        of the others, to judge by; None where labelled examples judge, or texts are few.
    """

    wish: ReadingWish
    student: LanguageBackbone
    texts: Checked
    method: TextMethod
    met: int
    passages: Passages
    unmet: Passages | None

    @property
    def method_name(self) -> str:
        return plug_in_name(type(self.method)) if self.wish.method == AUTO else self.wish.method

    @property
    def licence(self) -> str:
        return self.student.card.licence

    @property
    def asked(self) -> dict[str, str]:
        return {
            **super().asked,
            "texts": digest(*self.texts.fingerprints),
            "architecture": str(self.wish.architecture),
        }


def gathered_texts(
    wish: ReadingWish, method: TextMethod | None, stopwatch: Stopwatch, progress: Progress
) -> GatheredTexts:
    """Read and check all that is wished for.

    Raises
    ------
    HeadstartError : for every mistake in it, with what to do.
    """
    labelled = method is not None and method.labelled
    texts = inputs_of(wish.examples, labelled, FrontierStore(store_folder()), stopwatch, progress)
    kind = texts.examples.modality
    texts = texts.select(_first_of_each(texts))
    task, targets = targets_of(texts, labelled, progress)
    torch.manual_seed(wish.spec.seed)  # for random weights
    student = _student(wish, kind, texts)
    method = method or suited_to(student)
    method.lesson(student, task)  # to see that it can learn so, before anything is looked at or written
    device = choose_device(wish.spec.device)
    probe = Probe(wish.probe, kind, stopwatch, device) if wish.probe else None
    met, passages, unmet = _passages(texts, student, wish, probe, targets if labelled else None)
    how = "which goes on learning" if student.card.path else "from random weights"
    progress.say(f"Backbone: {student.card.name}, {how}: it {method.summary}.")
    progress.say(f"{len(passages):,} passages of {met:,} texts. Budget: {say_duration(wish.spec.budget)}.")
    learning = (wish, student, written_as(student), probe, device, task, targets)
    return GatheredTexts(*learning, texts, method, met, passages, unmet)


def suited_to(student: LanguageBackbone) -> TextMethod:
    """The method that suits `student` best, of those that look at no label.

    Raises
    ------
    UsageError : none does.
    """
    kinds = [kind for _, kind in methods_of(TextMethod) if not kind.labelled]  # type: ignore[type-abstract]
    best = max(kinds, key=lambda kind: kind.suits(student))
    if not best.suits(student):
        raise UsageError(f"No pretraining method suits {student.card.name}; take another --backbone.")
    return best()


def _student(wish: ReadingWish, kind: str, texts: Checked) -> LanguageBackbone:
    if wish.architecture is not None:
        return begun(wish.architecture, texts.examples.references)
    name = wish.backbone or default_card(kind).name
    student = load(name)
    check_modality(name, student.card, kind)
    if not isinstance(student, LanguageBackbone):
        raise UsageError(
            f"{student.card.name} reads texts in pairs, by their names, or as bytes or characters, and cannot "
            "learn from texts alone; take an encoder, a decoder or a recurrent network that --architecture began."
        )
    return student


def _first_of_each(texts: Checked) -> list[int]:
    """Rows of the first text of each content, and of each target of it where they have some."""
    targets = texts.examples.targets or [None] * len(texts.fingerprints)
    known = [(content, repr(target)) for content, target in zip(texts.fingerprints, targets, strict=True)]
    first = {each: row for row, each in reversed(list(enumerate(known)))}
    return sorted(first.values())


def _passages(
    texts: Checked, student: LanguageBackbone, wish: ReadingWish, probe: Probe | None, targets: Tensor | None
) -> tuple[int, Passages, Passages | None]:
    """How many texts are learnt from, their passages, and those of others that judge; with the `targets` (N,) or
    (N, C) of the texts where they are learnt.

    Raises
    ------
    InputError : no text is long enough to learn from.
    """
    total, seed = len(texts.examples), wish.spec.seed
    wanted = min(MOST_UNMET, round(UNMET * total))
    count = 0 if probe or wanted < FEWEST_UNMET else wanted
    order = np.random.default_rng(seed).permutation(total).tolist()
    parts = sorted(order[count:]), order[:count]
    met, unmet = (_cut(texts, rows, student, seed, targets) for rows in parts)
    if len(met) < 2:
        raise InputError(f"{texts.examples.source}: fewer than two texts are long enough to learn from.")
    return total - count, met, unmet if len(unmet) else None


def _cut(texts: Checked, rows: list[int], student: LanguageBackbone, seed: int, targets: Tensor | None) -> Passages:
    """Passages of the texts in `rows`: all of them, or where `targets` are learnt what they would be told by."""
    references = [texts.examples.references[row] for row in rows]
    if targets is None:
        return Passages(passages_of(references, student.preprocess), seed)
    tokens, places = beginnings_of(references, student.preprocess)
    return Passages(tokens, seed, targets[[rows[place] for place in places]])
