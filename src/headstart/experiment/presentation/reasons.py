"""A few predictions explained for the report: wrong and right ones, as far as the time left in the budget goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from headstart.core.errors import HeadstartError, MissingDependency, UsageError, first_line
from headstart.core.files import digest
from headstart.core.kept import Kept
from headstart.core.precision import single_precision
from headstart.core.timing import say_duration
from headstart.delivery.artifact import Model
from headstart.delivery.report.evidence import Explained, Near, Reason
from headstart.experiment.presentation.kept_reasons import KeptReasons
from headstart.explanations import EXPLANATIONS, explained, explainer, showings
from headstart.explanations._explainer import Explainer
from headstart.explanations.base import Asked, Explanation, MapExplanation, Question

SHARE = 0.05
"""Of the budget, if so much of it is left."""

WRONG, RIGHT = 3, 3
FIRST = 2
"""The worst mistake and a right prediction."""

NEAREST = 4

FORWARDS, MAPS = 54, 6
"""What a map and its checks cost: forward passes of removing parts and of shuffled networks, and maps drawn."""

_ELSEWHERE = "`headstart explain MODEL INPUT` explains any."


@dataclass(frozen=True)
class Candidate:
    """One judged prediction that may be explained.

    ``fingerprint`` tells the content of its input from all others; ``right`` is None where it is neither right nor
    wrong as a whole; ``box`` is the one that is explained, of several in the input, as the task decoded it.
    """

    reference: Any
    id: str
    truth: str
    predicted: str
    right: bool | None
    probability: float | None = None
    fingerprint: str = ""
    box: Mapping[str, Any] | None = None

    def of(self, fingerprint: str) -> Candidate:
        """The same, of an input with this content."""
        return replace(self, fingerprint=fingerprint)

    def question(self, asks: Explainer) -> Question:
        """What is asked about it."""
        return asks.ask(self.reference)[0] if self.box is None else asks.ask_about(self.reference, self.box)

    @property
    def key(self) -> str:
        """What tells it from those of other inputs, and of other boxes in the same one; empty where nothing does."""
        if not self.fingerprint or self.box is None:
            return self.fingerprint
        return digest(self.fingerprint, *(str(float(edge)) for edge in self.box["edges"]))

    @property
    def told(self) -> Explained:
        """What the report says of it without reasons."""
        return Explained(self.id, self.truth, self.predicted, self.right, [], self.probability)


@dataclass
class Reasons:
    """What was explained, and ``missing``, a sentence on what was not and why."""

    explained: list[Explained] = field(default_factory=list)
    missing: str = ""


@single_precision()
def reasons_for(
    model: Model,
    candidates: Sequence[Candidate],
    seconds: float,
    for_the_first: float,
    seed: int,
    kept: Kept | None = None,
) -> Reasons:
    """Explain `candidates`, in their order, for at most about `seconds`; the first two for `for_the_first`.

    What the first will cost is measured before it is begun, by a pass of the network and a map; what the others will,
    by those before them. Those that an earlier fit has `kept` cost nothing. The network comes back on the CPU.
    """
    found, notes, start = Reasons(), _Notes(), time.perf_counter()
    before = KeptReasons.by(model, kept, seed) if kept else None
    plan: _Plan | None = None
    asks = explainer(model)
    for each in candidates:
        if before and (made := before.read(each.told, each.key)):
            found.explained.append(made)
            continue
        allowed = for_the_first if len(found.explained) < FIRST else seconds
        if (left := start + allowed - time.perf_counter()) > 0:
            try:
                question = each.question(asks)
                plan = plan or _planned(question.asked, left, notes)
                if plan is None:
                    continue
                if plan.seconds <= left:
                    made = _explained(question, each, plan, seed)
                    found.explained.append(made)
                    if before and plan.whole:
                        before.keep(made, each.key)
                    continue
            except HeadstartError as error:  # one that cannot be explained is no reason to have no model
                notes.add(str(error))
                continue
            except (ValueError, OSError, RuntimeError) as error:  # a file that is gone; a GPU without room
                notes.add(f"{each.id} is not explained: {first_line(error)}")
                continue
        notes.late(len(found.explained), len(candidates), allowed)
        break
    model.network.cpu()
    found.missing = notes.said
    return found


@dataclass
class _Plan:
    """The methods asked, and the seconds that an explanation by them takes, as far as is known.

    ``whole`` is False where a method was left out that another time may have its say.
    """

    methods: dict[str, Explanation]
    seconds: float
    measured: bool = False
    whole: bool = True

    def took(self, seconds: float) -> None:
        """One explanation is made."""
        self.seconds = max(self.seconds, seconds) if self.measured else seconds
        self.measured = True


class _Notes:
    """What is missing, each reason once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._slow = math.inf
        self._elsewhere = False

    def add(self, text: str) -> None:
        self._said[text.rstrip(".") + "."] = None

    def slow(self, seconds: float) -> None:
        """A map would have taken so many; of several the least is told."""
        self._slow, self._elsewhere = min(self._slow, seconds), True

    def late(self, done: int, count: int, seconds: float) -> None:
        left = "the budget was spent" if seconds <= 0 else f"they had {say_duration(seconds)} of the budget"
        some = f"{done} of {count} predictions are" if done else "No prediction is"
        self.add(f"{some} explained here: {left}")
        self._elsewhere = True

    @property
    def said(self) -> str:
        known = list(self._said)
        if math.isfinite(self._slow):
            took = say_duration(self._slow)
            known.insert(0, f"What speaks for an answer is not marked here: it would take {took} a prediction.")
        return " ".join([*known, _ELSEWHERE] if self._elsewhere else known)


def _explained(question: Question, given: Candidate, plan: _Plan, seed: int) -> Explained:
    """The reasons for one prediction."""
    start = time.perf_counter()
    made = explained(question, given.id, plan.methods, seed, curves=False)
    plan.took(time.perf_counter() - start)
    said = [
        Reason(
            answer.method,
            shown.html if shown else "",
            [Near(near.label, near.id, near.similarity) for near in answer.explained.neighbours[:NEAREST]],
            answer.trusted is False,
            [(check.passed, check.summary) for check in answer.checks],
        )
        for answer, shown in showings(made)
    ]
    return replace(given.told, reasons=said)


def _planned(asked: Asked, left: float, notes: _Notes) -> _Plan | None:
    """The first method at hand that draws a map here in the seconds that are `left`, and all that draw none.

    None where all that has something to say was left out.

    Raises
    ------
    UsageError : none has anything to say.
    """
    plan, mapped = _Plan({}, 0.0), False
    for name in EXPLANATIONS.names():
        method = EXPLANATIONS.load(name)()
        draws = isinstance(method, MapExplanation)
        suits = isinstance(asked.aim, method.about) and not method.unsuited(asked)
        if (draws and mapped) or not suits:
            continue
        try:
            seconds = _seconds_of(method, asked, left)
        except MissingDependency as error:
            notes.add(f"{str(error).rstrip('.')}; so what speaks for an answer is not marked here")
            plan.whole = False
            continue
        if draws and seconds > left:
            notes.slow(seconds)
            plan.whole = False
            continue
        plan.seconds += seconds
        plan.methods[name] = method
        mapped = mapped or draws
    if not plan.methods and not plan.whole:
        return None
    if not plan.methods:
        raise UsageError("No explanation has anything to say of such inputs")
    return plan


def _seconds_of(method: Explanation, asked: Asked, left: float) -> float:
    """About how long an explanation by `method` takes, its checks included; no map is drawn where passes take longer.

    Raises
    ------
    MissingDependency : its library is not installed.
    """
    work = partial(method.explain, asked)
    if not isinstance(method, MapExplanation):
        return _timed(work)
    passes = FORWARDS * _warm(lambda: _pass(asked))
    return passes if passes > left else passes + MAPS * _warm(work)


def _warm(work: Callable[[], object]) -> float:
    """Seconds that `work` takes once it has been done: the first time may import a library."""
    return min(_timed(work) for _ in range(2))


def _pass(asked: Asked) -> None:
    with torch.no_grad():
        asked.network(asked.batch)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def worth_explaining(wrong: np.ndarray, predicted: Sequence[str], seed: int) -> list[int]:
    """Places of up to 3 of the worst mistakes and of 3 right predictions, in turn, so that few are of both kinds.

    Right ones are drawn, of labels that the mistakes were taken for first, and of different labels while there are.

    Parameters
    ----------
    wrong : (N,) how wrong each is, 0 where it is right. predicted : N labels.
    """
    worst = [int(i) for i in np.argsort(-wrong, kind="stable")[:WRONG] if wrong[i] > 0]
    rights = [int(i) for i in np.random.default_rng(seed).permutation(len(wrong)) if wrong[i] == 0]
    mixed_up = [predicted[i] for i in worst]
    seen: dict[str, int] = {}
    ranked = []
    for i in rights:
        seen[predicted[i]] = seen.get(predicted[i], 0) + 1
        ranked.append((seen[predicted[i]], predicted[i] not in mixed_up, i))
    chosen = [i for _, _, i in sorted(ranked, key=lambda rank: rank[:2])[:RIGHT]]
    pairs = [place for pair in zip(worst, chosen, strict=False) for place in pair]
    return pairs + worst[len(chosen) :] + chosen[len(worst) :]
