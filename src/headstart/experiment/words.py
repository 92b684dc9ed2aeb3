"""The sentences of a finished fit: how good it is, against what, and what to try next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.core.results import Figure
from headstart.core.spec import FitSpec
from headstart.delivery.artifact import Model
from headstart.tasks.base import Task


def title(data: Any) -> str:
    """What was fitted, in a word or two."""
    return Path(str(data)).name or str(data) if isinstance(data, str | Path) else "your examples"


def say_figure(name: str, figure: Figure) -> str:
    """``accuracy 0.932 [0.901, 0.955]``."""
    value, low, high = figure
    return f"{name.replace('_', ' ')} {value:.3f} [{low:.3f}, {high:.3f}]"


def headline(model: Model, judged: str) -> str:
    """How good the model is, in one sentence."""
    kept = next(rung for rung in model.result.rungs if rung.kept)
    figures = model.result.test if judged == "test" and model.result.test else kept.validation
    where = "test" if judged == "test" else "held-out"
    count = model.result.examples.test if judged == "test" else model.result.examples.validation
    watched = model.task.watched
    lead = next(iter(figures))
    said = [say_figure(lead, figures[lead])]
    if watched != lead:
        said.append(say_figure(watched, figures[watched]))
    return f"On {count} {where} examples that it never saw: {', '.join(said)} (95 % intervals)."


def baseline(task: Task, targets: Sequence[Any]) -> list[str]:
    """Sentences that put the headline in proportion."""
    if not task.describe().get("labels") or not targets:
        return []
    name, count = Counter(task.say(target) for target in targets).most_common(1)[0]
    return [f"Always answering “{name}” would be right {count / len(targets):.1%} of the time."]


def next_step(model: Model, spec: FitSpec) -> str:
    """The next thing worth trying."""
    result = model.result
    for finding in result.findings:
        if finding.severity == "serious" and finding.next_step:
            return finding.next_step
    if "budget" in result.stopped_because:
        return f"Give it more time: a dearer rung did not fit ({result.stopped_because})."
    if "no further rung could show a gain" in result.stopped_because:
        return "More held-out or test examples: the figures left no room to see further gains."
    if result.chosen == result.rungs[-1].name and len(result.rungs) > 1:
        return "A larger backbone (`headstart models` lists those at hand): the last rung was still the best."
    return "More labelled examples of the classes that are mixed up most, or another backbone (`headstart models`)."
