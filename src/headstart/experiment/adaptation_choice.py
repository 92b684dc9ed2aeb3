"""Judges adaptations without labels, and decides whether one is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart.adaptations.base import Adapted, Domains, probabilities
from headstart.core.results import Finding
from headstart.validators import figures_of
from headstart.validators.base import Seen


@dataclass(frozen=True)
class Tried:
    """A candidate: the ``figures`` of the validators by name, and how many ``prefer`` it to the source model.

    ``depth`` is that of the adaptation, 0 for the source model.
    """

    name: str
    summary: str
    depth: int
    adapted: Adapted
    probable: np.ndarray
    figures: dict[str, float]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The candidate as a plain object."""
        return {"method": self.name, "validators": self.figures, "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class Choice:
    """What is kept: the candidate's ``name`` and what was ``adapted``, None for the source model, and why."""

    name: str
    adapted: Adapted | None
    reason: str
    findings: list[Finding] = field(default_factory=list)


def judged(name: str, summary: str, domains: Domains, made: Adapted, depth: int, seconds: float) -> Tried:
    """A candidate with what every validator says of it."""
    probable = probabilities(made.outputs, domains.temperature)
    answers = cross_fitted(made.source, domains.classes, made.target, probable)
    seen = Seen(made.target, probable, made.source, domains.classes, answers)
    return Tried(name, summary, depth, made, probable, figures_of(seen), seconds)


def cross_fitted(source: np.ndarray, classes: np.ndarray, target: np.ndarray, probable: np.ndarray) -> np.ndarray:
    """(n, C) what a least-squares head says of each source example that learnt from the other half of them.

    It learns from the new inputs with the candidate's answers too: where these are wrong, the source examples that
    look like them are judged wrongly.
    """
    truth = np.eye(probable.shape[1])[classes]
    said = np.zeros_like(truth)
    order = np.random.default_rng(0).permutation(len(source))
    both = np.concatenate([source, target]).astype(np.float64)
    spread = both.std(axis=0)
    both = (both - both.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf) / np.sqrt(both.shape[1])
    own, new = both[: len(source)], both[len(source) :]
    for part in (order[::2], order[1::2]):
        rest = np.setdiff1d(order, part)
        learnt = np.concatenate([own[rest], new])
        wanted = np.concatenate([truth[rest], probable])
        centre = wanted.mean(axis=0)
        width = learnt.shape[1]
        weights = np.linalg.solve(learnt.T @ learnt + np.eye(width), learnt.T @ (wanted - centre))
        said[part] = own[part] @ weights + centre
    return said


def choose(domains: Domains, tried: Sequence[Tried]) -> Choice:
    """TO BE WRITTEN."""
    raise NotImplementedError
