"""Chooses a backbone by a cheap probe of each, for `headstart rank` and for a fit whose backbone is ``auto``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.results import Figure
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, say_duration
from headstart.experiment.material import Found, prepare
from headstart.experiment.selection.candidates import LeftOut, Wanted, candidates_for, listed_by
from headstart.experiment.selection.halving import Halving, NoneProbed
from headstart.experiment.selection.picking import pick
from headstart.experiment.selection.probe import Prober
from headstart.experiment.selection.race import Race, Standing
from headstart.experiment.unfinished import LOADED_BY, asked_before
from headstart.tasks.base import Task
from headstart.transferability import scores_of, unread
from headstart.transferability.base import Seen

RANKING_BUDGET = 120.0
"""Seconds that a ranking may take unless something else is asked for."""

_WITHOUT = {
    "features": "it has no features",
    "classes": "the targets are no classes",
    "targets": "the targets are no numbers",
    "source": "it has no classifier of its own on its last features",
}
"""Why a score has nothing to say, by what it would read."""

_OF_SEVERAL = dict.fromkeys(("classes", "targets"), "there are several targets, and it reads one")
"""Why, where several targets are learnt at once."""

OF_A_FIT = 0.2
"""Within a fit it may take that long, but not more than this share of the fit's budget."""


@dataclass(frozen=True)
class Ranked:
    """One candidate.

    Attributes
    ----------
    score : the watched figure of heads that did not see the examples, with its 95 % interval, on so many examples.
    seconds : that it took. parameters : of the backbone without a head.
    static_rank : its place on the static list. published : the accuracy (%) that puts it there; None where that is
        estimated from size and age. out : why it was no longer in the running, empty where it was.
    scores : transferability scores, where they were asked for.
    """

    backbone: str
    score: Figure
    seconds: float
    static_rank: int
    parameters: int
    examples: int
    out: str = ""
    published: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranking:
    """What a ranking found: the candidates, best first, the pick and why, and what the static list would pick.

    ``figure`` names the scores, ``settled`` says why no more examples were used, ``given`` is what the pick is loaded
    by, ``left_out`` has no score, ``listed`` says what the static list goes by, and
    ``silent`` which transferability scores say nothing of which candidate, and why.
    """

    candidates: list[Ranked]
    pick: str
    why: str
    static_pick: str
    seconds: float
    figure: str
    higher_is_better: bool
    settled: str
    given: str
    left_out: list[LeftOut]
    listed: str = ""
    silent: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The published object of ``rank --json``."""
        return {
            "candidates": [
                {
                    "backbone": one.backbone,
                    "score": list(one.score),
                    "seconds": round(one.seconds, 3),
                    "static_rank": one.static_rank,
                    "published": one.published,
                    "parameters": one.parameters,
                    "examples": one.examples,
                    "out": one.out,
                    **({"scores": dict(one.scores)} if one.scores else {}),
                }
                for one in self.candidates
            ],
            "pick": self.pick,
            "static_pick": self.static_pick,
            "seconds": round(self.seconds, 3),
            "figure": self.figure,
            "why": self.why,
            "listed": self.listed,
            "silent": self.silent,
            "left_out": [one._asdict() for one in self.left_out],
        }


def select(
    spec: FitSpec,
    found: Found,
    wanted: Wanted,
    deadline: float,
    stopwatch: Stopwatch,
    progress: Progress,
    scores: Sequence[str] = (),
) -> Ranking:
    """Rank the candidates for the examples `found`; the test split is never read.

    Parameters
    ----------
    deadline : seconds by the stopwatch. scores : transferability scores to compute beside.

    Raises
    ------
    UsageError : groups are to be inferred.
    HeadstartError : there is nothing to choose from, or the examples cannot be used.
    """
    if found.task.reads_maps:
        raise UsageError(
            f"Backbones are ranked by heads solved on pooled features, and {found.task.name} reads maps; name one "
            "with --backbone (`headstart models` lists those at hand)."
        )
    if spec.group == AUTO:
        # They are inferred from a backbone's features, and decide which examples are for testing.
        raise UsageError(
            "Groups are inferred with the features of a backbone, so it cannot be chosen by them: name the backbone "
            "(--backbone), or the column of the groups (--group)."
        )
    began = stopwatch.total
    candidates, left_out = candidates_for(found.examples.modality, wanted)
    learnt, spec = without_test(found, spec)
    material = prepare(learnt, spec, stopwatch, Progress(quiet=True))
    rows = len(material.split.train) + len(material.split.validation)
    count = "1 backbone" if len(candidates) == 1 else f"{len(candidates)} backbones"
    progress.say(f"Ranking {count}; {rows:,} {found.modality.noun} are not for testing.")
    with tempfile.TemporaryDirectory(prefix="headstart-rank-") as folder:
        prober = Prober(material, spec, stopwatch, Path(folder), with_source=bool(scores))
        race = Halving(material, prober.probe, spec.seed, stopwatch, deadline, progress).run(candidates)
    chosen = pick(race)
    running = race.running
    task = material.task
    sign = 1 if task.higher_is_better[task.watched] else -1
    out = (one for one in race.standings if one.out)
    fallen = sorted(out, key=lambda one: (-one.examples, -sign * one.score.value))
    ordered = [chosen.standing, *(one for one in running if one is not chosen.standing), *fallen]
    return Ranking(
        candidates=[_ranked(standing, race, scores) for standing in ordered],
        pick=chosen.standing.candidate.name,
        why=f"{chosen.why}{_first_unprobed(candidates[0].name, race)}",
        static_pick=candidates[0].name,
        seconds=stopwatch.total - began,
        figure=task.watched,
        higher_is_better=task.higher_is_better[task.watched],
        settled=race.settled,
        given=chosen.standing.candidate.given,
        left_out=[*race.left_out, *left_out],
        listed=listed_by(candidates),
        silent=_silent(ordered, task, scores) if scores else [],
    )


def with_chosen_backbone(spec: FitSpec, found: Found, stopwatch: Stopwatch, progress: Progress) -> FitSpec:
    """`spec` with a backbone's name in the place of ``auto``; where the time is too short None, the default, or of
    what a person asked to choose from the first on the static list that is at hand or was named.

    A fit that is resumed keeps the one it had.

    Raises
    ------
    HeadstartError : there is none at hand, or none of those asked for can be probed however long it takes.
    """
    asked = asked_before(spec.out) if spec.resume and spec.out is not None else {}
    if before := asked.get("backbone"):
        progress.say(f"Backbone: {before}, as it was chosen before.")
        return _settled(spec, asked.get(LOADED_BY) or before)
    seconds = min(RANKING_BUDGET, OF_A_FIT * spec.budget)
    progress.say(f"Choosing a backbone, for at most {say_duration(seconds)}.")
    plain, wanted = _settled(spec, None), Wanted(spec.backbones, spec.hub, spec.most_parameters)
    try:
        ranking = select(plain, found, wanted, stopwatch.total + seconds, stopwatch, progress)
    except NoneProbed as error:
        if wanted == Wanted():
            progress.say(f"  {error}\n  So the default of what is at hand is taken.")
            return plain
        first = next((one for one in error.slow if one.card.at_hand or wanted.named), None)
        if first is None:
            raise
        progress.say(f"  {error}\n  So the first of them on the static list is taken, {first.name}.")
        return _settled(spec, first.given)
    same = "the same" if ranking.static_pick == ranking.pick else ranking.static_pick
    progress.say(f"  picked {ranking.pick}: {ranking.why}. The static list would have picked {same}.")
    return _settled(spec, ranking.given)


def _settled(spec: FitSpec, backbone: str | None) -> FitSpec:
    """The same fit with a backbone that nobody has to choose any more."""
    return replace(spec, backbone=backbone, backbones=(), hub=False, most_parameters=None)


def without_test(found: Found, spec: FitSpec) -> tuple[Found, FitSpec]:
    """Without a test split that was given, so that it is not even decoded; one that is drawn stays the fit's own."""
    examples = found.examples
    if examples.splits is None or "test" not in examples.splits:
        return found, spec
    rest = [row for row, name in enumerate(examples.splits) if name != "test"]
    return replace(found, examples=examples.select(rest)), replace(spec, test_share=0.0)


def _ranked(standing: Standing, race: Race, scores: Sequence[str]) -> Ranked:
    candidate, probed = standing.candidate, standing.probed
    return Ranked(
        backbone=candidate.name,
        score=standing.score,
        seconds=standing.seconds,
        static_rank=candidate.static_rank,
        parameters=probed.parameters,
        examples=standing.examples,
        out=standing.out,
        published=candidate.card.published,
        scores=scores_of(_seen(standing, race.held_out.task), scores) if scores else {},
    )


def _first_unprobed(first: str, race: Race) -> str:
    """The end of the sentence where nobody knows what the first of the static list would have scored."""
    unprobed = any(one.backbone == first for one in race.left_out)
    return f"; {first}, the first of the static list, was not probed" if unprobed else ""


def _seen(standing: Standing, task: Task) -> Seen:
    """The examples of its last round as the scores take them."""
    encoded, outputs = standing.encoded.numpy(), standing.probed.outputs.shape[1]
    features = standing.probed.features.numpy()
    source = None if standing.probed.source is None else standing.probed.source.numpy()
    if _has_parts(task, standing):
        return Seen(features, None, None, source)
    if np.issubdtype(encoded.dtype, np.integer) and encoded.ndim == 1:
        return Seen(features, encoded, np.eye(outputs)[encoded], source)
    return Seen(features, None, encoded.reshape(len(encoded), -1).astype(float), source)


def _silent(standings: Sequence[Standing], task: Task, names: Sequence[str]) -> list[str]:
    """Which scores say nothing of which candidates, a sentence for each reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for standing in standings:
        reasons = {**_WITHOUT, **(_OF_SEVERAL if _has_parts(task, standing) else {})}
        for name, field_name in unread(_seen(standing, task), names).items():
            found.setdefault((standing.candidate.name, reasons[field_name]), []).append(name)
    return [f"{' and '.join(names)} for {backbone}: {why}" for (backbone, why), names in found.items()]


def _has_parts(task: Task, standing: Standing) -> bool:
    """Whether several targets are learnt at once."""
    return len(task.parts(standing.encoded)) > 1
