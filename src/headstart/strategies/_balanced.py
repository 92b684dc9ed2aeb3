"""Tries ways to balance the losses of several tasks on held-out examples, once in a fit, and where time allows it."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import replace

from headstart.core.errors import UsageError, nearest
from headstart.core.files import write_json
from headstart.core.timing import say_duration
from headstart.strategies.base import Climbed, Prepared
from headstart.training.balancing import BALANCINGS
from headstart.training.workbench import Workbench

OF_WHAT_IS_LEFT = 0.25
"""Share of the time left that trying another balancing may take."""

PLAIN = next(iter(BALANCINGS))
CHOSEN = "balancing.json"

Climb = Callable[[Prepared, Workbench], Climbed]


def check_balancing(asked: str | None) -> None:
    """A way to balance that is asked for must be one there is; None leaves it to held-out examples.

    Raises
    ------
    UsageError : there is none of that name.
    """
    if asked is not None and asked not in BALANCINGS:
        raise UsageError(f"balancing={asked}: it must be one of {', '.join(BALANCINGS)}.{nearest(asked, BALANCINGS)}")


def balanced(climb: Climb, prepared: Prepared, bench: Workbench, asked: str | None) -> Climbed:
    """`prepared` climbed with the balancing that was chosen before, or else with the best of those there is time for.

    The first rung that trains chooses for those above it and for training on every example; a file remembers it for
    a fit that is killed and resumed. Where there is one task, or a way is `asked` for, which then stands in the
    recipe, there is nothing to choose.
    """
    if asked is not None or len(bench.task.parts(bench.targets)) == 1:
        return climb(prepared, bench)
    chosen = (bench.compared or bench).folder / CHOSEN
    if chosen.exists():
        name = json.loads(chosen.read_text(encoding="utf-8"))["balancing"]
        return climb(_with(prepared, name), bench)
    if bench.validation is None:
        return climb(prepared, bench)
    return _tried(climb, prepared, bench)


def _tried(climb: Climb, prepared: Prepared, bench: Workbench) -> Climbed:
    ready = {name: _with(copy.deepcopy(prepared), name) for name in BALANCINGS}
    climbed: dict[str, Climbed] = {}
    left_out: list[str] = []
    took: dict[str, float] = {}
    for name, one in ready.items():
        each = max(took.values(), default=0.0)
        if climbed and each > OF_WHAT_IS_LEFT * (bench.last_rung_ends - bench.stopwatch.total):
            left_out.append(name)
            continue
        began = time.perf_counter()
        climbed[name] = climb(one, bench)
        took[name] = time.perf_counter() - began
    reached = {name: _best(one, bench) for name, one in climbed.items()}
    best = max(reached, key=lambda name: reached[name])
    write_json(bench.folder / CHOSEN, {"balancing": best, "reached": reached, "left_out": left_out})
    _say(bench, prepared.rung.name, reached, best, left_out, max(took.values()))
    return replace(climbed[best], choosing=sum(took.values()) - took[best])


def _with(prepared: Prepared, balancing: str) -> Prepared:
    """The same rung under a name of its own, by which its checkpoints are known, unless it is the plain one."""
    recipe = replace(prepared.recipe, balancing=balancing)
    name = prepared.rung.name if balancing == PLAIN else f"{prepared.rung.name}-{balancing}"
    return replace(prepared, recipe=recipe, rung=replace(prepared.rung, name=name))


def _best(climbed: Climbed, bench: Workbench) -> float:
    """The watched figure of the best epoch, signed so that larger is better."""
    watched = bench.task.watched
    sign = 1 if bench.task.higher_is_better[watched] else -1
    return max(sign * figures[watched] for figures in climbed.curve)


def _say(
    bench: Workbench, rung: str, reached: dict[str, float], best: str, left_out: list[str], seconds: float
) -> None:
    figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in reached.items())
    rest = (
        f"; {' and '.join(left_out).replace('_', ' ')} would take about {say_duration(seconds)}" if left_out else ""
    )
    bench.progress.say(f"  {rung}: the tasks are balanced by {best.replace('_', ' ')} ({figures}{rest})")
