"""The sentences of a finished fit: how good it is, against what, and what to try next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.core.names import Name
from headstart.core.results import Figures, FitResult, by_target, within
from headstart.core.spec import FitSpec
from headstart.delivery.artifact import Model
from headstart.delivery.writing import figure_difference, figure_interval, figure_name, figure_value
from headstart.ladder.reasons import OF_THE_BUDGET, TOO_FEW_MISTAKES
from headstart.strategies.base import Strategy
from headstart.tasks.base import Task

UNMEASURED = "nothing"
"""In the place of a split, where no example has a label that a model could be measured on."""


def title(data: Any) -> str:
    """What was fitted, in a word or two."""
    return Path(str(data)).name or str(data) if isinstance(data, str | Path) else "your examples"


def headline(model: Model, judged: str) -> str:
    """How good the model is, in one sentence.

    ``On 194 test examples that it never saw: accuracy 97.9 % (95 % interval 94.8–99.2 %), macro F1 …``
    """
    result = model.result
    if judged == UNMEASURED:
        return (
            f"Not measured: no example has a label. The names of {len(model.labels)} classes alone make this model, "
            "and its probabilities are not calibrated."
        )
    if judged == "test" and result.test:
        return f"On {_examples(result.examples.test, 'test')} that it never saw: {_said(model, result.test)}."
    kept = next(rung for rung in result.rungs if rung.kept)
    if not result.examples.validation:
        count = _examples(result.examples.train, "training")
        return f"On {count}, each judged by a model that did not see it: {_said(model, kept.validation)}."
    count = _examples(result.examples.validation, "held-out")
    return f"On {count}, which also helped to choose it: {_said(model, kept.validation)}."


def baseline(task: Task, targets: Sequence[Any]) -> list[str]:
    """Sentences that put the headline in proportion."""
    said = []
    for part in task.parts(task.encode([])):
        own = [target[part.name] for target in targets if target.get(part.name) is not None] if part.name else targets
        if part.task.describe().get("labels") and own and not part.task.reads_maps:
            name, count = Counter(part.task.say(target) for target in own).most_common(1)[0]
            of = f"{part.name}: always" if part.name else "Always"
            said.append(f"{of} answering “{name}” would be right {100 * count / len(own):.1f} % of the time.")
    return said


def together_or_alone(result: FitResult, higher_is_better: Mapping[str, bool]) -> list[str]:
    """The table of what each of several tasks gained or lost by learning together; empty where there is one task."""
    rows: list[tuple[str, ...]] = [("", "", "together", "alone", "gain", "")]
    for task in result.tasks:
        higher = higher_is_better[within(task.target, task.figure)]
        both = (figure_value(task.figure, each, higher) for each in (task.together, task.alone))
        rows.append((task.target, figure_name(task.figure), *both, figure_difference(task, higher), task.verdict))
    if len(rows) == 1:
        return [result.tasks_note] if result.tasks_note else []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    said = [f"Together or alone, on the held-out examples ({result.tasks[0].rung}):"]
    for name, *middle, verdict in rows:
        cells = [cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=False)]
        said.append("  ".join(["", name.ljust(widths[0]), *cells, verdict]).rstrip())
    said += [f"  {task.target} does better alone: {task.command}" for task in result.tasks if task.command]
    return said + ([f"  {result.tasks_note}"] if result.tasks_note else [])


def next_step(model: Model, spec: FitSpec) -> str:
    """The next thing worth trying: the gravest trouble first, then what the ladder left undone."""
    result = model.result
    if result.from_names and not result.findings:
        return (
            "Label 50 or so inputs drawn at random and run `headstart evaluate`: that says how often it is right. A "
            "few labelled examples of each class make a better model: `headstart fit` with the same --labels."
        )
    steps = {finding.severity: finding.next_step for finding in reversed(result.findings) if finding.next_step}
    if "serious" in steps:
        return steps["serious"]
    if OF_THE_BUDGET in result.stopped_because:
        return f"More time (--budget): {result.stopped_because}."
    if TOO_FEW_MISTAKES in result.stopped_because:
        return (
            "Measure it on more examples (`headstart evaluate`): so few mistakes are left here that no better model "
            "could be told from this one."
        )
    if "warning" in steps:
        return steps["warning"]
    if spec.strategy is not None:
        return "Leave out --strategy: the ladder then climbs to dearer strategies as far as they pay."
    if result.chosen == result.rungs[-1].name and len(result.rungs) > 1:
        return "A larger backbone (`headstart models` lists those at hand): the last rung was still the best."
    confused = " of the classes that the report shows to be mixed up most" if model.labels else ""
    return f"More labelled examples{confused}, or another backbone (`headstart models`)."


def repeat(spec: FitSpec, backbone: str) -> str:
    """The command that fits this model again; a call of Python where the data or the strategy are objects of it.

    `backbone` was taken; it is named, for elsewhere another may be the default.
    """
    usual = FitSpec(spec.data)
    names = ["input", "target", "group", "task", "strategy", "device", "engine", "test_share", "prove", "also"]
    names += ["split", "old", "forgetting", "sensitivity", "specificity", "stack", "frame"]
    changed = {name: getattr(spec, name) for name in names if getattr(spec, name) != getattr(usual, name)}
    data = source_written(spec.data, "(inputs, targets)")
    in_python = (
        isinstance(data, Code)
        or isinstance(spec.strategy, Strategy)
        or "test_share" in changed
        or any(name.description for name in spec.labels)
    )
    if spec.labels:
        changed["labels"] = labels_written(spec.labels, in_python)
    if spec.old is not None:
        backbone = str(spec.backbone)  # the folder of a model, which has no name elsewhere
    given = {**changed, "backbone": backbone, "budget": f"{spec.budget:g}s", "seed": spec.seed}
    return command("fit", [data], given, in_python)


class Code(str):
    """Python code that stands for what lies in memory, and is written as it is."""


def source_written(source: Any, instead: str) -> str:
    """A path as it was given; of what lies in memory, a name for it."""
    return str(source) if isinstance(source, str | Path) else Code(instead)


def command(verb: str, sources: Sequence[str], given: Mapping[str, Any], in_python: bool) -> str:
    """The command line that does `verb` on `sources` with the options `given`, or the call of Python."""
    if in_python:
        said = [*map(_written, sources), *(f"{name}={_written(value)}" for name, value in given.items())]
        return f"headstart.{verb}({', '.join(said)})"
    options = [
        f"--{name}" if value is True else f"--{name} {shlex.quote(str(value))}"
        for name, values in given.items()
        for value in (values if isinstance(values, tuple) else (values,))
    ]
    return " ".join([f"headstart {verb}", *map(shlex.quote, sources), *options])


def labels_written(names: Sequence[Name], in_python: bool) -> Any:
    """The labels as they may be given again; descriptions, which a command line holds badly, in Python only."""
    if in_python:
        return {name.label: name.description for name in names}
    return ",".join(f'"{name.label}"' if "," in name.label else name.label for name in names)


def _written(value: Any) -> str:
    """A value as Python code; a strategy by its class and settings."""
    if isinstance(value, Code):
        return value
    if not isinstance(value, Strategy):
        return repr(value)
    return f"{type(value).__name__}({', '.join(f'{name}={setting!r}' for name, setting in vars(value).items())})"


def _examples(count: int, kind: str) -> str:
    return f"{count:,} {kind} example{'' if count == 1 else 's'}"


def _said(model: Model, figures: Figures) -> str:
    """The first figure and the watched one, the first interval being named as such; of several tasks the first of
    each."""
    first = [
        within(target, next(iter(own))) if target else next(iter(own)) for target, own in by_target(figures).items()
    ]
    names = dict.fromkeys([*first, model.task.watched])
    said: list[str] = []
    for name in names:
        given = name, figures[name], model.task.higher_is_better[name]
        interval = ("" if said else "95 % interval ") + figure_interval(*given)
        said.append(f"{figure_name(name)} {figure_value(*given)} ({interval})")
    return ", ".join(said)
