"""Few examples: classes with too few to learn from, or a test split too small to judge by."""

from __future__ import annotations

from collections import Counter

from headstart.core.results import Finding, Severity
from headstart.core.statistics import wilson
from headstart.core.written_figures import plain, words
from headstart.diagnosis._counting import counted, percent
from headstart.diagnosis._learnable import learnable, once
from headstart.diagnosis._watched import of_numbers, writing_of
from headstart.diagnosis.base import Diagnosis, Evidence

FEWEST, SERIOUSLY_FEW = 20, 5
"""Examples of a class, to learn from, below which a head on frozen features still gains much from each one more."""

WIDEST_INTERVAL, SERIOUSLY_WIDE = 0.2, 0.4
"""Widths of the 95 % interval of a share near 0.8, measured on the test split: reached below 62 and 16 examples."""

OF_RIGHT_ANSWERS = {"accuracy", "subset_accuracy"}
"""Figures of tasks whose answers are right or wrong as wholes, so that a number of examples tells an interval."""

_NAMED = 5
_TYPICAL = 0.8
_LABEL_MORE = "Label more examples for testing before two models are compared by these figures."


class FewExamples(Diagnosis):
    """Counts the examples to learn from of every stratum, and how much the size of the test split lets be known.

    Numbers are counted as one stratum: their bands hold as many each, whatever there is.
    A warning below 20 examples of a stratum, serious below 5; a warning where a share measured on the test split has
    an interval of more than 20 points, serious beyond 40. Where answers are not right or wrong as wholes, the watched
    figure's own interval is told, and its width judged if it is a proportion. The score of an example is one minus
    how many its stratum has, as a share of 20.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        return [*_classes(evidence), *_test(evidence)]


def _classes(evidence: Evidence) -> list[Finding]:
    ids, strata, noun = learnable(evidence)
    strata = [""] * len(ids) if of_numbers(evidence) else strata
    few = {name: n for name, n in Counter(strata).items() if n < FEWEST}
    if not few:
        return []
    rising = sorted(few.items(), key=lambda item: (item[1], item[0]))
    named = ", ".join(f"{name!r} {n}" for name, n in rising[:_NAMED])
    more = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
    told, first = (
        (f": {named}{more}", f", of {rising[0][0]!r} first") if len(set(strata)) > 1 else (f": {len(ids)}", "")
    )
    listed = zip(ids, strata, strict=True)
    return [
        Finding(
            "few_examples",
            "serious" if rising[0][1] < SERIOUSLY_FEW else "warning",
            f"Fewer than {FEWEST} {noun}s{told}.",
            once((i, 1 - few[stratum] / FEWEST) for i, stratum in listed if stratum in few),
            f"Add examples{first}: below {FEWEST} each one more counts.",
        )
    ]


def _test(evidence: Evidence) -> list[Finding]:
    total = len(evidence.ids.get("test", ()))
    if not total:
        return []
    interval = wilson(_TYPICAL * total, total)
    width = interval.high - interval.low
    if width <= WIDEST_INTERVAL:
        return []
    holds = f"The test split holds {counted(total, 'example')}"
    if OF_RIGHT_ANSWERS & evidence.higher_is_better.keys():
        said = (
            f"{holds}: a model that is right on {percent(_TYPICAL)} of them may be right on "
            f"{100 * interval.low:.0f} to {percent(interval.high)} of new ones{_reached(evidence, '; ')}."
        )
    else:
        width = _own_width(evidence, width)
        said = f"{holds}{_reached(evidence, ': ') or ', and figures measured on so few are rough'}."
    return [Finding("few_examples", _severity(width), said, next_step=_LABEL_MORE)]


def _severity(width: float) -> Severity:
    if width <= WIDEST_INTERVAL:
        return "info"
    return "serious" if width > SERIOUSLY_WIDE else "warning"


def _own_width(evidence: Evidence, else_: float) -> float:
    """The width of the watched figure's own interval, where it is known and of a proportion."""
    figure = evidence.figures.get("test", {}).get(evidence.watched)
    known = figure is not None and writing_of(evidence, figure).proportion
    return figure.high - figure.low if figure is not None and known else else_


def _reached(evidence: Evidence, before: str) -> str:
    figure = evidence.figures.get("test", {}).get(evidence.watched)
    if figure is None:
        return ""
    writing = writing_of(evidence, figure)
    return plain(
        f"{before}its {words(evidence.watched)} of {writing.value(figure.value)} may be anything within "
        f"{writing.interval(figure)}"
    )
