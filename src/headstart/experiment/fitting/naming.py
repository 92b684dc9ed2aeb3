"""Names of classes that a person gives: whether examples have them, and which backbone can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headstart.backbones import Card, all_cards, load
from headstart.backbones.base import Backbone
from headstart.core.errors import NoTargets, UsageError
from headstart.core.names import Name, check_known
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.experiment.bench import check_modality, stacked
from headstart.experiment.selection.candidates import Wanted, candidates_for
from headstart.tasks._label_sets import SEPARATORS, SHARE_SEPARATED, parts
from headstart.tasks._targets import kind_of

SHOWN = 3


def unlabelled(spec: FitSpec) -> Examples | None:
    """The inputs, where no example has one of the labels that `spec` names; None where some have.

    Raises
    ------
    InputError : the data cannot be read, or are at fault in a file or row that is named.
    UsageError : a target column was asked for, and it holds other labels; or labels are only written otherwise, or
        several in one target.
    """
    request = Request(spec.data, spec.input, spec.target, may_lack=True, fits=False, stack=spec.stack)
    try:
        labelled = read(request)
    except NoTargets:
        if spec.target is not None:
            raise
        return _inputs(request)
    known = frozenset(name.label for name in spec.labels)
    several = [_names_several(target, known) for target in labelled.targets or []]
    if any(several) and (spec.target is not None or sum(several) >= SHARE_SEPARATED * len(several)):
        raise UsageError(
            "The examples have several targets or several labels each, and --labels names the classes of which each "
            "has one. Leave --labels out, name the column of the classes (--target), or hand over the inputs alone."
        )
    found = list(dict.fromkeys(str(target) for target in labelled.targets or [] if target is not None))
    if spec.target is not None or any(name.label in found for name in spec.labels):
        check_known(found, spec.labels)
        return None
    if alike := _written_otherwise(found, spec):
        pairs = ", ".join(f"{theirs!r} and {given!r}" for theirs, given in alike[:SHOWN])
        raise UsageError(f"Classes of the examples and --labels are not written alike: {pairs}. Write them alike.")
    examples = _inputs(request)
    shown = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
    note = f"What might have been its classes ({shown}) is none of the labels, and is not read as such."
    return replace(examples, notes=(*examples.notes, note))


def _names_several(target: Any, known: frozenset[str]) -> bool:
    """Whether a target is several, or a text that names several of the `known` labels."""
    if kind_of(target) in ("list", "several"):
        return True
    if not isinstance(target, str) or target in known:
        return False
    return any(len(known.intersection(parts(target, separator))) > 1 for separator in SEPARATORS)


def _written_otherwise(found: Sequence[str], spec: FitSpec) -> list[tuple[str, str]]:
    """Targets and labels that are the same but for case and for what stands between words."""
    given = {Name(name.label).words.casefold(): name.label for name in spec.labels}
    theirs = {one: given.get(Name(one).words.casefold()) for one in found}
    return [(one, label) for one, label in theirs.items() if label is not None]


def refuse_what_needs_labels(spec: FitSpec) -> None:
    """Options that mean nothing where the names alone make the model.

    Raises
    ------
    UsageError : some were given; all are named.
    """
    given = {
        "--also": spec.also, "--group": spec.group, "--prove": spec.prove, "--old": spec.old,
        "--sensitivity": spec.sensitivity, "--specificity": spec.specificity, "--forgetting": spec.forgetting,
    }  # fmt: skip
    if asked := [option for option, value in given.items() if value]:
        raise UsageError(
            f"{' and '.join(asked)}: that needs examples with labels, and none has one of the labels "
            f"{', '.join(name.label for name in spec.labels[:SHOWN])}{' …' if len(spec.labels) > SHOWN else ''}. "
            "Leave it out, or hand over such examples."
        )


def _inputs(request: Request) -> Examples:
    return replace(read(replace(request, needs_targets=False)), targets=None, splits=None, groups=None)


def choose_reader_of_names(spec: FitSpec, modality: str, progress: Progress) -> Backbone:
    """The backbone asked for, or the first of those to choose from that knows words.

    Raises
    ------
    UsageError : it knows none, or there is none at hand; or it takes no stacks of slices, and they are asked for.
    """
    asked = spec.backbone
    if asked in (None, AUTO):
        asked = next((given for given, card in _to_choose_from(spec, modality) if card.words), None)
        if asked is None:
            noun = MODALITIES.load(modality)().noun
            raise UsageError(
                f"No backbone at hand knows words for {noun}, so names of classes alone make no model. For pictures "
                "bring a CLIP or SigLIP model (config.json, model.safetensors, tokenizer files) and name its folder "
                "with --backbone, or put it where HEADSTART_MODELS says; for texts, pip install "
                "'headstart[offline]'. With labelled examples any backbone will do."
            )
    backbone = load(str(asked))
    check_modality(str(asked), backbone.card, modality)
    progress.say(f"Backbone: {backbone.card.name}.")
    return stacked(backbone, str(asked), spec.stack)


def _to_choose_from(spec: FitSpec, modality: str) -> list[tuple[str, Card]]:
    """What each is loaded by, and its card: what is at hand, or with ``auto`` what a ranking would choose from."""
    if spec.backbone == AUTO:
        candidates, _ = candidates_for(modality, Wanted(spec.backbones, spec.hub, spec.most_parameters))
        return [(one.given, one.card) for one in candidates]
    return [(card.name, card) for card in all_cards() if card.modality == modality and card.at_hand]
