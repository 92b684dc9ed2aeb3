"""Figures as a person reads them in a line of text: proportions as percent, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.results import Figure, TaskGain
from headstart.core.written_figures import POINTS, Writing, is_proportion, plain, words


def figure_name(name: str) -> str:
    """``macro_f1`` → ``macro F1``, ``mae`` → ``mean absolute error``."""
    return words(name)


def figure_value(name: str, figure: Figure, higher_is_better: bool) -> str:
    """``97.9 %``, ``0.412``; terminals have no narrow spaces, so a plain one stands there."""
    return plain(_writing(name, figure, higher_is_better).value(figure.value))


def figure_interval(name: str, figure: Figure, higher_is_better: bool) -> str:
    """``95.2–99.2 %``, ``0.312–0.511``."""
    return plain(_writing(name, figure, higher_is_better).interval(figure))


def figure_difference(task: TaskGain, higher_is_better: bool) -> str:
    """``+1.2 points (-0.3 to +2.7)``: what a task gained with others; positive is better, of an error too."""
    return figure_change(task.figure, task.gain, (*task.together, *task.alone), higher_is_better)


def figure_change(name: str, change: Figure, values: Sequence[float], higher_is_better: bool) -> str:
    """``+1.2 points (-0.3 to +2.7)``: a `change`, as it is signed, of a figure of which `values` are some."""
    writing = Writing(is_proportion(name, higher_is_better, values))
    return plain(f"{writing.difference(change.value)} ({writing.range(change).removesuffix(POINTS)})")


def _writing(name: str, figure: Figure, higher_is_better: bool) -> Writing:
    return Writing(is_proportion(name, higher_is_better, figure))
