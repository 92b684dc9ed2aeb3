"""Together or alone: what each of several tasks gained or lost by sharing a trunk with the others."""

from __future__ import annotations

from html import escape

from headstart.core.results import TaskGain, within
from headstart.core.written_figures import Writing, is_proportion, words
from headstart.delivery.report._names import prose
from headstart.delivery.report.evidence import ReportEvidence

_HEAD = ("task", "figure", "together", "alone", "gain", "95 % interval", "")


def tasks(evidence: ReportEvidence) -> str:
    """A table of the tasks, and how to fit those alone that lose; nothing where there is one task."""
    result = evidence.result
    note = f"<p>{prose(result.tasks_note)}</p>" if result.tasks_note else ""
    if not result.tasks:
        return note
    head = "".join(f'<th scope="col" class="{"number" if 2 <= i <= 5 else "name"}">{name}</th>'
                   for i, name in enumerate(_HEAD))  # fmt: skip
    rows = "".join(_row(task, evidence) for task in result.tasks)
    alone = "".join(
        f"<p>{escape(task.target)} does better alone: <code>{escape(task.command)}</code></p>"
        for task in result.tasks
        if task.command
    )
    return (
        f'<p class="lead">{prose(_verdict(result.tasks))} Measured on the held-out examples, each task alone on its '
        f"own examples by the rung {escape(words(result.tasks[0].rung))}; a positive gain is better, of errors too."
        "</p>"
        '<div class="wide" role="region" aria-label="Each task together and alone" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{alone}{note}"
    )


def _verdict(gains: list[TaskGain]) -> str:
    gained = [task.target for task in gains if task.verdict == "gains"]
    lost = [task.target for task in gains if task.verdict == "loses"]
    if not gained and not lost:
        return "Learning together neither helped nor hurt any task as far as can be told."
    said = [f"{', '.join(gained)} gained by learning together."] if gained else []
    return " ".join([*said, *([f"{', '.join(lost)} lost by it."] if lost else [])])


def _row(task: TaskGain, evidence: ReportEvidence) -> str:
    higher = evidence.higher_is_better.get(within(task.target, task.figure), True)
    writing = Writing(is_proportion(task.figure, higher, (*task.together, *task.alone)))
    reached = (writing.value(task.together.value), writing.value(task.alone.value))
    numbers = (*reached, writing.difference(task.gain.value), writing.range(task.gain))
    cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
    return (
        f'<tr><th scope="row">{escape(task.target)}</th><td>{escape(words(task.figure))}</td>{cells}'
        f"<td>{task.verdict}</td></tr>"
    )
