"""Keeps an old task in sight while the backbone of its model is tuned to another: `fit --old --forgetting`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.backbones.base import Backbone
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.results import Figure, Finding
from headstart.core.spec import FitSpec
from headstart.core.statistics import Z_95, wilson
from headstart.core.timing import Stopwatch
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model, load
from headstart.delivery.folder import is_model_folder
from headstart.experiment.old_examples import divided_as_before, looked_at, request_again
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.strategies.base import Strategy
from headstart.training.old_task import OldTask
from headstart.training.workbench import Workbench

NAME = "forgetting"
MOST = 1000
"""No more old examples judge: each is run through the network for every share of the way that is tried."""


@dataclass(frozen=True)
class Kept:
    """What became of the old task: the share of its examples that is right, before and after, as figures.

    ``lost`` is before minus after, with its paired interval; ``bound`` what might be lost of it, None for any;
    ``unseen`` says whether the old model had not learnt from these ``examples``.
    """

    bound: float | None
    before: Figure
    after: Figure
    lost: Figure
    examples: int
    unseen: bool

    @property
    def is_within(self) -> bool:
        """Whether no more is lost than was allowed, as far as the high end of the interval."""
        return self.bound is None or self.lost.high <= self.bound

    def to_json(self) -> dict[str, Any]:
        """The published object, figures as [value, low, high]."""
        return {**asdict(self), "within": self.is_within}


def check_old(spec: FitSpec) -> None:
    """Everything that can be wrong with what is asked for an old task before anything is read.

    Raises
    ------
    UsageError : a bound without old examples, or old examples without the model whose task they are.
    """
    if spec.forgetting is not None and spec.old is None:
        raise UsageError(
            "--forgetting needs --old DATA: what a tuned network loses of an old task is measured on old examples. "
            "(`headstart extend` adds classes to a model and bounds that from the features it keeps.)"
        )
    if spec.old is not None and not (spec.backbone and is_model_folder(Path(spec.backbone))):
        given = f"{spec.backbone} is no such folder" if spec.backbone else "none was given"
        raise UsageError(
            f"--old needs --backbone MODEL, the folder of the finished model whose task is to be kept; {given}."
        )


def check_strategies(strategies: list[Strategy], spec: FitSpec) -> list[Strategy]:
    """Those that can keep an old task.

    Raises
    ------
    UsageError : the one that is asked for cannot.
    """
    able = [each for each in strategies if each.goes_back or spec.forgetting is None]
    if not able:
        raise UsageError(
            f"--strategy {spec.strategy}: it cannot go part of the way back to the pretrained weights, by which "
            "--forgetting keeps an old task; fine_tuning and low_rank can."
        )
    return able


def with_old_task(
    spec: FitSpec, bench: Workbench, backbone: Backbone, stopwatch: Stopwatch, progress: Progress
) -> Workbench:
    """`bench` with the old task that `spec` names; as it is where none is named.

    Raises
    ------
    UsageError : a model that does not tell classes apart, or the new task's answers have places.
    InputError : its old examples cannot be used.
    """
    if spec.old is None:
        return bench
    if bench.task.reads_maps:
        raise UsageError(
            f"--old measures an old task beside one that answers about whole inputs; {bench.task.name} says where "
            "things lie in a picture: leave out --old and --forgetting."
        )
    model = load(Path(str(spec.backbone)), spec.device)
    told_apart = bool(model.labels) and not model.task.reads_maps
    if len(model.task.parts(model.task.encode([]))) > 1 or not told_apart:
        raise UsageError(
            f"{spec.backbone} is a model for {model.task.name.replace('_', ' ')}; what is lost is measured as the "
            "share of right answers, for models that tell the classes of one target apart."
        )
    old = _old_task(spec, model, backbone, stopwatch, progress)
    known = "it had not learnt from" if old.unseen else "it may have learnt from"
    progress.say(f"The old task is judged by {len(old.inputs):,} old examples that {known}.")
    if doubt := too_few(len(old.inputs), spec.forgetting):
        progress.say(f"  {doubt}")
    return replace(bench, old=old)


def _old_task(spec: FitSpec, model: Model, backbone: Backbone, stopwatch: Stopwatch, progress: Progress) -> OldTask:
    columns = {role: name for role, name in model.columns.items() if name}
    checked = looked_at(model, request_again(model, spec.old, columns), progress, stopwatch)
    targets = list(checked.examples.targets or [])
    if problems := model.task.problems(checked.examples.ids, targets):
        raise InputError(problems, f"{len(problems)} targets of the old examples do not fit {spec.backbone}:")
    parts, unseen = divided_as_before(model, checked)
    rows = parts.test if unseen else np.arange(len(targets))
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(spec.seed).permutation(rows)[:MOST])
    keys = [checked.fingerprints[row] for row in rows]
    modality = MODALITIES.load(model.modality)()
    inputs = Inputs(checked.examples.select(rows.tolist()), modality, backbone.preprocess, keys, stopwatch)
    encoded = model.task.encode([targets[row] for row in rows])
    return OldTask(model.task, model.network.head, model.network.depths, inputs, encoded, spec.forgetting, unseen)


def too_few(examples: int, bound: float | None) -> str:
    """That so many examples may all be right as before while more than `bound` is lost; empty where they may not.

    Of n of which none changed the share that would is z² / (n + z²) at most, the end of Wilson's interval.
    """
    most = wilson(0, examples).high
    if bound is None or not 0 < bound < most:
        return ""
    wanted = math.ceil(Z_95**2 * (1 - bound) / bound)
    return (
        f"{examples:,} old examples may all be right as before while up to {100 * most:.0f} % of such are lost: it "
        f"takes {wanted:,} (--old) to be sure of {100 * bound:g} %."
    )


def kept_of(bench: Workbench, network: Network) -> Kept | None:
    """What the finished `network` has kept of the old task; None where there is none."""
    old = bench.old
    if old is None:
        return None
    with torch.inference_mode():
        before, after = old.before(bench), old.right(network.backbone, bench)
        lost = old.lost(network.backbone, bench)
    return Kept(old.bound, old.share(before), old.share(after), lost, len(before), old.unseen)


def finding(kept: Kept) -> Finding:
    """What a person should know of the old task."""
    value, low, high = (100 * each for each in kept.lost)
    lost = f"{value:+z.1f} points of accuracy ({low:+z.1f} to {high:+z.1f})"
    what = (
        f"The old task on {kept.examples:,} old examples: accuracy {100 * kept.before.value:.1f} % before, "
        f"{100 * kept.after.value:.1f} % with the tuned network under the old head; it lost {lost}"
    )
    if kept.bound is None:
        return Finding(NAME, "info", f"{what}.", next_step="--forgetting 2% bounds it.")
    asked = f"{100 * kept.bound:g} %"
    if kept.is_within:
        doubt = too_few(kept.examples, kept.bound)
        return Finding(NAME, "info", f"{what}, within the {asked} allowed.", next_step=doubt)
    step = "More old examples (--old), or a strategy that leaves the backbone frozen: feature_extraction."
    return Finding(NAME, "warning", f"{what}, more than the {asked} allowed.", next_step=step)
