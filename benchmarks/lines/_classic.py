"""The classic recipe, five frozen epochs, against a cold ``headstart fit`` on the same splits; both accuracies.

Beside them a bare loop that decodes and runs the network once and does nothing else: no fit can take less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median
from typing import Any

from sets import Set
from target import Target

from lines._engines import BATCH, fastest
from lines._processes import Answer, Fit, child, cold_fit
from lines._row import Row, Side
from lines._work import Work, everything, interleaved

BARE = "bare loop"

BUDGET = 1e9
"""Seconds: these recipes are run to their end."""


def compare(work: Work, measurement: str, data: Set, recipes: Mapping[str, str], bound: float) -> Iterator[Row]:
    """A row for each of `recipes`, words → process: CPU seconds over those of the fit, at no lower accuracy."""
    fits: list[Fit] = []
    sides = {words: partial(_recipe, work, process, data) for words, process in recipes.items()}

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
        one = Side.of(words, [each.run for each in runs])
        accuracy = median(_accuracy(each, data) for each in runs)
        what = f"CPU of {words} / fit, cold, {data.name}, {len(data.train)} to train on"
        note = f"accuracy {accuracy:.1%} / {reached:.1%}; wall ratio {one.seconds / other.seconds:.1f}; "
        note += f"{one.cpu_seconds / bare.cpu_seconds:.1f} over a bare loop ({bare.cpu_seconds:.1f} s)"
        yield Row(
            measurement, what, one, other, one.cpu_seconds / other.cpu_seconds, Target(bound, at_least=True),
            besides=reached >= accuracy, note=note, extra={"accuracy": accuracy, "fit_accuracy": reached},
        )  # fmt: skip


def _recipe(work: Work, process: str, data: Set) -> Answer:
    """The fields of :class:`baselines._job.Job`; the folder of the answer comes with the process."""
    return child(
        work,
        process,
        modality="image",
        train_inputs=data.train.inputs,
        train_labels=data.train.labels,
        test_inputs=data.test.inputs,
        backbone=str(work.backbone),
        budget=BUDGET,
        seed=0,
        device=work.device,
    )


def _accuracy(answer: Answer, data: Set) -> float:
    right = sum(a == b for a, b in zip(answer.said["labels"], data.test.labels, strict=True))
    return right / len(data.test)
