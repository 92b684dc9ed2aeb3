"""The classic recipe, five frozen epochs, against a cold ``headstart fit`` on the same splits; both accuracies.

Beside them a bare loop that decodes and runs the network once and does nothing else: no fit can take less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from statistics import mean, median
from typing import Any

from measure import Run
from sets import Set
from target import Target

from lines._engines import BATCH, fastest
from lines._processes import Answer, Fit, child, cold_fit
from lines._row import Row, Side
from lines._work import Work, everything, interleaved

BARE = "bare loop"

EPOCHS = 5
FOREVER = 1e9


def compare(
    work: Work, measurement: str, data: Set, recipes: Mapping[str, str], bound: float, budget: float = FOREVER
) -> Iterator[Row]:
    """A row for each of `recipes`, words → process: CPU seconds over those of the fit, at no lower accuracy.

    After `budget` seconds a recipe begins no further epoch. Those that it leaves out count as those that it ran, for
    all read and run the same pictures, and its accuracy is then that of fewer epochs: the row says so.
    """
    fits: list[Fit] = []
    sides = {words: partial(_recipe, work, process, data, budget) for words, process in recipes.items()}

    def fit() -> None:
        fits.append(cold_fit(work, data.folder))

    job = {"backbone": str(work.backbone), "device": work.device, "pictures": everything(data), "batch": BATCH}
    job["engine"] = fastest(work, len(everything(data)))
    turns: dict[str, Callable[[], Any]] = {
        **sides,
        "fit, cold": fit,
        BARE: lambda: child(work, "_bare_loop", True, **job),
    }
    found = interleaved(work.repeats_at(len(data.train)), turns)
    reached = median(each.accuracy for each in fits)
    other = Side.of("fit, cold", [each.run for each in fits])
    bare = Side.of(BARE, [each.run for each in found[BARE]])
    for words in recipes:
        runs = [answer for answer in found[words] if answer]
        one = Side.of(words, [_with_all_epochs(each) for each in runs])
        accuracy = median(_accuracy(each, data) for each in runs)
        what = f"CPU of {words} / fit, cold, {data.name}, {len(data.train)} to train on"
        note = f"accuracy {accuracy:.1%} / {reached:.1%}; wall ratio {one.seconds / other.seconds:.1f}; "
        note += f"{one.cpu_seconds / bare.cpu_seconds:.1f} over a bare loop ({bare.cpu_seconds:.1f} s)"
        ran = min(len(each.said["epochs"]) for each in runs)
        note += f"; {ran} of {EPOCHS} epochs run, the others counted like them" if ran < EPOCHS else ""
        yield Row(
            measurement, what, one, other, one.cpu_seconds / other.cpu_seconds, Target(bound, at_least=True),
            besides=reached >= accuracy, note=note, extra={"accuracy": accuracy, "fit_accuracy": reached},
        )  # fmt: skip


def _with_all_epochs(answer: Answer) -> Run:
    """The run, and what the epochs that it left out would have taken."""
    epochs, run = answer.said["epochs"], answer.run
    wall, cpu = ((EPOCHS - len(epochs)) * mean(of_each) for of_each in zip(*epochs, strict=True))
    return replace(run, wall=run.wall + wall, cpu=run.cpu + cpu)


def _recipe(work: Work, process: str, data: Set, budget: float) -> Answer:
    """The fields of :class:`baselines._job.Job`; the folder of the answer comes with the process."""
    return child(
        work,
        process,
        modality="image",
        train_inputs=data.train.inputs,
        train_labels=data.train.labels,
        test_inputs=data.test.inputs,
        backbone=str(work.backbone),
        budget=budget,
        seed=0,
        device=work.device,
    )


def _accuracy(answer: Answer, data: Set) -> float:
    right = sum(a == b for a, b in zip(answer.said["labels"], data.test.labels, strict=True))
    return right / len(data.test)
