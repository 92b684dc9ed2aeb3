"""Names of classes that a person gives: whether examples have them, and which backbone can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headstart.backbones import all_cards, load
from headstart.backbones.base import Backbone
from headstart.core.errors import NoTargets, UsageError
from headstart.core.names import Name, check_known
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.experiment.bench import check_modality

SHOWN = 3


def unlabelled(spec: FitSpec) -> Examples | None:
    """The inputs, where no example has one of the labels that `spec` names; None where some have.

    Raises
    ------
    InputError : the data cannot be read, or are at fault in a file or row that is named.
    UsageError : a target column was asked for, and it holds other labels.
    """
    request = Request(spec.data, spec.input, spec.target, may_lack=True, fits=False, stack=spec.stack)
    try:
        labelled = read(request)
    except NoTargets:
        if spec.target is not None:
            raise
        return _inputs(request)
    found = list(dict.fromkeys(str(target) for target in labelled.targets or [] if target is not None))
    if spec.target is not None or any(name.label in found for name in spec.labels):
        check_known(found, spec.labels)
        return None
    examples = _inputs(request)
    shown = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
    note = f"What might have been its classes ({shown}) is none of the labels, and is not read as such."
    return replace(examples, notes=(*examples.notes, note))


def _inputs(request: Request) -> Examples:
    return replace(read(replace(request, needs_targets=False)), targets=None, splits=None, groups=None)


def choose_reader_of_names(asked: str | None, modality: str, names: Sequence[Name], progress: Progress) -> Backbone:
    """The backbone asked for, or the first at hand that knows words.

    Raises
    ------
    UsageError : it knows none, or there is none at hand.
    """
    if asked in (None, AUTO):
        card = next((c for c in all_cards() if c.modality == modality and c.words and c.at_hand), None)
        if card is None:
            noun = MODALITIES.load(modality)().noun
            raise UsageError(
                f"No backbone at hand knows words for {noun}, so names of classes alone make no model. For pictures "
                "bring a CLIP or SigLIP model (config.json, model.safetensors, tokenizer files) and name its folder "
                "with --backbone, or put it where HEADSTART_MODELS says; for texts, pip install "
                "'headstart[offline]'. With labelled examples any backbone will do."
            )
        asked = card.name
    backbone = load(str(asked))
    check_modality(str(asked), backbone.card, modality)
    progress.say(f"Backbone: {backbone.card.name}.")
    return backbone
