"""Lays out the workbench: the backbone that is taken, and the examples as inputs of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones import Card, all_cards, default_card, load
from headstart.backbones.base import Backbone
from headstart.core.counts import say_count
from headstart.core.device import choose_device
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.modalities import MODALITIES
from headstart.delivery.guard import most_computed
from headstart.experiment.material import Found, Material
from headstart.frozen.choosing import Engines
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.strategies._solved_head import features_of
from headstart.tasks.base import Task
from headstart.training.ending import Ending
from headstart.training.workbench import Workbench

TRAIN_SAMPLE = 500
"""At most so many training examples are judged in the end too, to see how much was learned by heart."""


def choose_backbone(spec: FitSpec, found: Found, progress: Progress) -> Backbone:
    """The backbone asked for, or the default of what is at hand; if that stands in for others, it is said for which.

    One that reads inputs in the light of names is told those of the task.

    Raises
    ------
    HeadstartError : there is none of that name, its weights are not at hand, it takes other inputs, or it can do
        nothing without names and the classes have none.
    """
    modality = found.examples.modality
    name = spec.backbone or default_card(modality, found.task.finds_boxes).name
    backbone = load(name)
    check_modality(name, backbone.card, modality)
    _check_frame(backbone, found.task, spec.frame)
    backbone = as_asked(backbone, name, spec, found.task)
    chosen = "" if spec.backbone else " (the default of what is at hand; --backbone takes another)"
    progress.say(f"Backbone: {backbone.card.name}{chosen}.")
    if not spec.backbone and backbone.card.stands_in:
        progress.say(_stands_in_for(backbone.card, found.task.finds_boxes))
    return backbone


def _check_frame(backbone: Backbone, task: Task, side: int | None) -> None:
    """Raises ``UsageError`` where a frame is asked for and the pretrained detector takes one size alone."""
    taken = task.starting_from(backbone.detector).frame
    if side is not None and taken is not None and taken != task.frame:
        raise UsageError(
            f"{backbone.card.name} takes pictures of {taken[0]} × {taken[1]} pixels alone, to which yours are "
            "stretched. Leave --frame out, or take another backbone."
        )


def as_asked(backbone: Backbone, name: str, spec: FitSpec, task: Task) -> Backbone:
    """The `backbone` called `name` as a fit takes it: for stacks of slices where they are asked for, and told the
    names of the classes.

    Raises
    ------
    UsageError : it takes no such stacks, or can do nothing without names and the classes have none.
    """
    return stacked(backbone, name, spec.stack).about(task.named() or ())


def stacked(backbone: Backbone, name: str, slices: int | None) -> Backbone:
    """Folded to stacks of so many slices, where they are asked for.

    Raises
    ------
    UsageError : it cannot be, or is that of a finished model for other inputs.
    """
    own = backbone.preprocess.stack
    if own == slices:
        return backbone
    if own is not None:
        raise UsageError(f"{name} was fitted to stacks of {own} slices; say --stack {own}, or take another backbone.")
    return backbone if slices is None else backbone.stacked(slices)


def _stands_in_for(card: Card, boxes: bool) -> str:
    """The best on the static list that would have to be brought here, and how; a detector where `boxes` are found."""
    others = [other for other in all_cards() if other.modality == card.modality and other.boxes == boxes]
    best = max((other for other in others if not other.at_hand), key=lambda other: other.rank, default=card)
    better = f"A better one is {best.name} ({say_count(best.parameters)} parameters): --backbone downloads it"
    is_better = best.rank > card.rank or (boxes and best.boxes)
    return (
        f"  It is small and comes with headstart; no better one is at hand. "
        f"{better if is_better else '--backbone NAME downloads one'}, or takes the folder that you "
        "brought it over in, as HEADSTART_MODELS does; `headstart models --all` lists more."
    )


def check_modality(name: str, card: Card, modality: str) -> None:
    """A backbone asked for by `name` must take these examples.

    Raises
    ------
    InputError : it takes others.
    """
    if card.modality != modality:
        takes, given = (MODALITIES.load(kind)().noun for kind in (card.modality, modality))
        raise InputError(
            f"The backbone {name} takes {takes}, and these examples are {given}. "
            "`headstart models` lists backbones for each."
        )


def lay_out(
    spec: FitSpec,
    material: Material,
    backbone: Backbone,
    stopwatch: Stopwatch,
    progress: Progress,
    folder: Path,
    engines: Engines | None = None,
) -> Workbench:
    """The workbench of these examples; `folder` is for what only this fit needs.

    Parameters
    ----------
    engines : those that ran frozen parts already; None where nothing has.
    """

    units = material.units(np.arange(len(material.examples)))

    def inputs(rows: np.ndarray) -> Inputs:
        modality = MODALITIES.load(material.examples.modality)()
        keys = [material.checked.fingerprints[i] for i in rows]
        examples = material.examples.select(rows.tolist())
        return Inputs(examples, modality, backbone.preprocess, keys, stopwatch, units=units[rows])

    def encoded(rows: np.ndarray) -> Tensor:
        return material.task.encode(material.targets(rows))

    torch.manual_seed(spec.seed)
    return Workbench(
        task=material.task,
        train=inputs(material.split.train),
        targets=encoded(material.split.train),
        validation=inputs(material.split.compared),
        validation_targets=encoded(material.split.compared),
        folds=_folds(material, spec.seed),
        store=material.store,
        chosen_device=choose_device(spec.device),
        stopwatch=stopwatch,
        progress=progress,
        seed=spec.seed,
        folder=folder,
        engines=(engines or Engines(spec.engine)).recorded_in(folder),
        deadline=spec.budget,
        ending=_ending(material),
        pretrained=backbone,
    )


def _ending(material: Material) -> Ending:
    """How many examples are judged once no rung trains any more: those of the test split, and some of training.

    Features that the guard keeps are computed too, where the backbone has moved; heads that read maps have none.
    Figures are taken of the test examples twice, as a whole and of each class, and of held-out ones once more.
    """
    split, task = material.split, material.task
    test, sample = len(split.test), sampled(len(split.train), len(split.compared))
    guarded = 0 if task.reads_maps else min(most_computed(task.outputs), len(split.train))
    return Ending(test + sample + guarded, 2 * test + sample + len(split.compared))


def sampled(train: int, held_out: int) -> int:
    """How many training examples are judged in the end, to see how much was learned by heart: no more than were held
    out (but 100 at least), so that it costs no more than judging a rung did."""
    return min(TRAIN_SAMPLE, max(held_out, 100), train)


def _folds(material: Material, seed: int) -> np.ndarray | None:
    """Folds (N,) of the training examples, where they are judged out of fold; None where others are held out."""
    return material.folds(material.split.train, seed) if material.split.out_of_fold else None


def last_features(backbone: Backbone, bench: Workbench, inputs: Inputs) -> Tensor:
    """The last features (N, D) of `backbone`, which feature extraction reads too: stored, or computed.

    It is frozen by that: strategies train copies of it.
    """
    network = Network(backbone.requires_grad_(False).eval(), nn.Identity())
    return features_of(network, bench.frozen_part(network).over(inputs))


def every_input(material: Material, bench: Workbench) -> Inputs:
    """All usable examples as inputs, in their order; nothing that runs or judges them asks for relatives."""
    return replace(bench.train, examples=material.examples, keys=material.checked.fingerprints, units=None)
