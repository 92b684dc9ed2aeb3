"""The contract of a diagnosis: evidence in, findings out; the report shows them without knowing who spoke."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart.core.errors import Problem
from headstart.core.results import Figures, Finding, Gain

LEARNT = ("train", "validation")
"""The splits whose targets a head may learn from while the test split is to judge it."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the examples and of a fit, by split name (``train``, ``validation``, ``test``).

    What was not gathered is empty: before training there are no figures, and no split need be there.

    Attributes
    ----------
    targets, ids, fingerprints, strata : one entry an example: raw target, name, content digest, class or band.
    figures, mistakes : what the chosen model reached, and how wrong each prediction is, (n,).
    watched, higher_is_better : the figure that decides, and the direction of each.
    given : the splits that the person gave; others were drawn from the rest.
    traits : name → (n,) numbers that should not tell the target, such as size, brightness or length.
    sketches : (n, S) a small likeness of each input, rows of norm 1, or nought where an input shows nothing; the
        Euclidean distance of near duplicates is small. Of images, S = 256: a row reshaped (16, 16) is a picture.
    normalised : digests, the same for inputs that differ in nothing that matters (case, spaces, punctuation).
    alike : names of families of near copies, as no split that is drawn tears them; near copies are looked for within
        them alone. Not gathered: among all.
    groups : the groups that the person named or asked to be inferred: their members should lie in one split.
    columns : name → n cells that are neither input nor target, None where one is missing.
    opened : the splits whose targets may be looked at: in a fit not the test's, which are for the end.
    set_aside : the examples that cannot be read and are in no split, each with what is wrong with it.
    gains : what the model was compared with → what that reached, by how much the model is better.
    curve : (examples, figure) of a head refitted on growing shares; several draws of a size one after the other.
    epochs : the figures after each epoch of the kept rung, ``train_loss`` and ``validation_loss`` among them; none
        where its head was solved.
    features : (n, D) features of the frozen backbone.
    labels, probabilities : the classes, and (n, C) what a linear head on the features that did not see the example
        (out of fold) gives them; of the opened splits.
    memberships : (n, C) which of the labels an example has, where it may have several.
    parts : of several targets what is known of each, by name, among the examples where it is known; the strata,
        labels and probabilities are then there alone.
    """

    targets: Mapping[str, Sequence[Any]]
    ids: Mapping[str, Sequence[str]]
    fingerprints: Mapping[str, Sequence[str]]
    figures: Mapping[str, Figures]
    strata: Mapping[str, Sequence[str]]
    mistakes: Mapping[str, np.ndarray]
    watched: str
    higher_is_better: Mapping[str, bool]
    given: Sequence[str] = ()
    traits: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    sketches: Mapping[str, np.ndarray] = field(default_factory=dict)
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: Sequence[str] = ()
    probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)
    normalised: Mapping[str, Sequence[str]] = field(default_factory=dict)
    alike: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    memberships: Mapping[str, np.ndarray] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    opened: Sequence[str] = LEARNT
    set_aside: Sequence[Problem] = ()
    gains: Mapping[str, Gain] = field(default_factory=dict)
    curve: Sequence[tuple[int, float]] = ()
    epochs: Sequence[Mapping[str, float]] = ()
    parts: Mapping[str, Evidence] = field(default_factory=dict)


class Diagnosis(ABC):
    """Looks for one trouble. File name = plug-in name; the constructor takes nothing.

    A fit asks before training, and once more after it if the diagnosis read something that was not known then.
    """

    @abstractmethod
    def examine(self, evidence: Evidence) -> list[Finding]:
        """Findings, none above ``info`` when nothing is wrong. Each says what was seen, how grave, and what next."""
