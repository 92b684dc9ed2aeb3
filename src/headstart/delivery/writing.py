"""Figures as a person reads them in a line of text: proportions as percent, each with its interval."""

from __future__ import annotations

from headstart.core.results import Figure, TaskGain
from headstart.delivery.report._gains import difference
from headstart.delivery.report._names import NARROW_SPACE, words
from headstart.delivery.report._numbers import Writing, is_proportion


def figure_name(name: str) -> str:
    """``macro_f1`` → ``macro F1``, ``mae`` → ``mean absolute error``."""
    return words(name)


def figure_value(name: str, figure: Figure, higher_is_better: bool) -> str:
    """``97.9 %``, ``0.412``; terminals have no narrow spaces, so a plain one stands there."""
    return _writing(name, figure, higher_is_better).value(figure.value).replace(NARROW_SPACE, " ")


def figure_interval(name: str, figure: Figure, higher_is_better: bool) -> str:
    """``95.2–99.2 %``, ``0.312–0.511``."""
    return _writing(name, figure, higher_is_better).interval(figure).replace(NARROW_SPACE, " ")


def figure_difference(task: TaskGain, higher_is_better: bool) -> str:
    """``+1.2 points (-0.3 to +2.7)``: what a task gained by learning with others; positive is better."""
    both = (*task.together, *task.alone)
    writing = Writing(is_proportion(task.figure, higher_is_better, both))
    value, low, high = (difference(each, writing) for each in task.gain)
    low = low.removesuffix(f"{NARROW_SPACE}points")
    high = high.removesuffix(f"{NARROW_SPACE}points")
    return f"{value} ({low} to {high})".replace(NARROW_SPACE, " ")


def _writing(name: str, figure: Figure, higher_is_better: bool) -> Writing:
    return Writing(is_proportion(name, higher_is_better, figure))
