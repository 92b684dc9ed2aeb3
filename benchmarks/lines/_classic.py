"""The classic recipe, five frozen epochs, against a cold ``headstart fit`` on the same splits; both accuracies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median

from sets import Set
from target import Target

from lines._processes import Answer, Fit, child, cold_fit
from lines._row import Row, Side
from lines._work import Work, interleaved

BUDGET = 1e9
"""Seconds: these recipes are run to their end."""


def compare(work: Work, measurement: str, data: Set, recipes: Mapping[str, str], bound: float) -> Iterator[Row]:
    """A row for each of `recipes`, words → process: CPU seconds over those of the fit, at no lower accuracy."""
    fits: list[Fit] = []
    sides = {words: partial(_recipe, work, process, data) for words, process in recipes.items()}

    def fit() -> None:
        fits.append(cold_fit(work, data.folder))

    turns: dict[str, Callable[[], Answer | None]] = {**sides, "fit, cold": fit}
    found = interleaved(work.repeats_at(len(data.train)), turns)
    reached = median(each.accuracy for each in fits)
    other = Side.of("fit, cold", [each.run for each in fits])
    for words in recipes:
        runs = [answer for answer in found[words] if answer]
        one = Side.of(words, [each.run for each in runs])
        accuracy = median(_accuracy(each, data) for each in runs)
        what = f"CPU of {words} / fit, cold, {data.name}, {len(data.train)} to train on"
        note = f"accuracy {accuracy:.1%} / {reached:.1%}; wall ratio {one.seconds / other.seconds:.1f}"
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
