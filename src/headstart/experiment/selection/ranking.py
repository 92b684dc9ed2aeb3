"""Ranks the backbones at hand for some examples, without fitting any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, in_seconds
from headstart.experiment.material import find
from headstart.experiment.request import check_request
from headstart.experiment.selection.candidates import Wanted
from headstart.experiment.selection.selector import RANKING_BUDGET, Ranking, select
from headstart.transferability import SCORES

ALL = "all"
"""Every transferability score."""


def rank(
    data: Any,
    *,
    input: str | None = None,
    target: str | None = None,
    group: str | None = None,
    task: str | None = None,
    backbones: Sequence[str] = (),
    hub: bool = False,
    most_parameters: int | None = None,
    scores: Sequence[str] = (),
    budget: str | float = RANKING_BUDGET,
    seed: int = 0,
    device: str = "auto",
    engine: str = AUTO,
    quiet: bool = False,
) -> Ranking:
    """Rank backbones for `data` by cross-validated heads on their features, and pick one.

    Parameters
    ----------
    data, input, target, group, task, seed, device, engine : as for :func:`headstart.fit`.
    backbones : names or folders to choose from; all at hand where none is named. One that is named is downloaded.
    hub : also those worth listing that would have to be downloaded.
    most_parameters : leaves out larger ones.
    scores : transferability scores to compute beside, by name, or ``["all"]``; they do not decide.
    budget : the time it may take, in seconds or as ``"2m"``.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = in_seconds(budget)
    spec = FitSpec(data, input, target, group, task, budget=seconds, seed=seed, device=device, engine=engine)
    return carry_out(spec, Wanted(tuple(backbones), hub, most_parameters), scores, Progress(quiet))


def carry_out(spec: FitSpec, wanted: Wanted, scores: Sequence[str], progress: Progress) -> Ranking:
    """Rank for `spec`, of which what concerns training is not read.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    check_request(spec)
    names = SCORES.names() if ALL in scores else list(scores)
    for name in names:
        SCORES.load(name)
    stopwatch = Stopwatch()
    found = find(spec, progress)
    return select(spec, found, wanted, spec.budget, stopwatch, progress, names)
