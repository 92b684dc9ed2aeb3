"""Shortcuts: the class can be told from what should not matter, such as the size of a picture or its border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.core.results import Figure, Finding, FindingExample, Severity
from headstart.diagnosis._counting import counted, percent
from headstart.diagnosis._objects import holds_objects, not_looked_for
from headstart.diagnosis._source_folder import SOURCE, as_numbers, mostly_from, source_folders
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis._trait_classifier import Judgement, balanced_accuracy, judge
from headstart.diagnosis._trait_words import said
from headstart.diagnosis._units import units_among
from headstart.diagnosis._watched import of_numbers
from headstart.diagnosis.base import Diagnosis, Evidence

NOTABLE, SERIOUS = 0.35, 0.8
"""Skill, (balanced accuracy - chance) / (1 - chance): that of the traits, and it as a share of the features'."""

_NAMED, _CLASSES, _SHOWN = 3, 4, 50


class Shortcuts(Diagnosis):
    """Fits a small classifier on the traits alone and asks how often it is right on examples it did not see.

    A warning when its skill is surely (95 %) above 0.35 of the way from chance to perfect; serious when it also
    reaches 0.8 of the skill of the features, for then a model may have learned nothing else (Geirhos et al. 2020,
    arXiv:2004.07780). The score of an example is the probability that its traits alone give its class.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        if holds_objects(evidence):
            return not_looked_for("shortcuts", "Shortcuts", evidence)
        ids = {split: evidence.ids[split] for split in evidence.opened if len(evidence.ids.get(split, ()))}
        strata = stacked({s: np.array(own, dtype=str) for s, own in evidence.strata.items() if s in ids}, ids)
        names = [name for own in ids.values() for name in own]
        folders = [] if strata is None else source_folders(names, strata.tolist())
        traits = _traits(evidence, ids, folders)
        if strata is None or traits is None:
            return []
        if (judged := judge(traits[1], strata, units_among(evidence, ids))) is None:
            return []
        chance = 1 / len(judged.classes)
        if (judged.accuracy.low - chance) / (1 - chance) < NOTABLE:
            return []
        reached = _of_features(evidence, ids, strata)
        close = reached is not None and judged.accuracy.value - chance >= SERIOUS * (reached - chance)
        severity: Severity = "serious" if close else "warning"
        told = _told(evidence)
        rows = [rows_of(ids)[place] for place in judged.places]
        likely = np.argsort(-judged.likely, kind="stable")[:_SHOWN]
        return [
            Finding(
                "shortcuts",
                severity,
                _summary(told, traits[0], traits[1], folders, strata, judged, reached),
                [FindingExample(ids[rows[i][0]][rows[i][1]], float(judged.likely[i])) for i in likely],
                f"Ask whether new inputs will have these traits too. If those of different {told[1]} were gathered "
                "in different ways, make them alike (same size, crop, source) or gather them anew, and test on data "
                "from elsewhere.",
            )
        ]


def _traits(
    evidence: Evidence, ids: Mapping[str, Sequence[str]], folders: Sequence[str]
) -> tuple[list[str], np.ndarray] | None:
    """Names and (N, T) values of the traits that every split has and that differ at all, the source folder last."""
    shared = [evidence.traits.get(split, {}) for split in ids]
    names, columns = [], []
    for name in shared[0] if shared else ():
        values = stacked({split: own[name] for split, own in zip(ids, shared, strict=True) if name in own}, ids)
        if values is not None and len(np.unique(values[np.isfinite(values)])) > 1:
            names.append(name)
            columns.append(np.asarray(values, dtype=np.float64))
    if len(set(folders)) > 1:
        names.append(SOURCE)
        columns.append(as_numbers(folders))
    return (names, np.stack(columns, axis=1)) if names else None


def _of_features(evidence: Evidence, ids: Mapping[str, Sequence[str]], strata: np.ndarray) -> float | None:
    """The balanced accuracy of the head that saw features, out of fold; None where that is not known."""
    probabilities = stacked(evidence.probabilities, ids)
    if probabilities is None or set(map(str, evidence.labels)) != set(strata.tolist()):
        return None
    labels = np.array([str(label) for label in evidence.labels])
    return balanced_accuracy(labels[probabilities.argmax(axis=1)], strata).value


def _told(evidence: Evidence) -> tuple[str, str]:
    """What a stratum is called, and several."""
    if of_numbers(evidence):
        return "range", "ranges"
    return ("rarest label", "labels") if evidence.memberships else ("class", "classes")


def _summary(
    told: tuple[str, str],
    names: list[str],
    values: np.ndarray,
    folders: Sequence[str],
    strata: np.ndarray,
    judged: Judgement,
    reached: float | None,
) -> str:
    found: Figure = judged.accuracy
    interval = f"{percent(found.value)} ({100 * found.low:.0f} to {percent(found.high)})"
    beside = "" if reached is None else f", features {percent(reached)}"
    strongest = [
        f"{names[i]} ({_of_classes(names[i], values[:, i], folders, strata, judged.classes)})"
        for i in judged.strongest[:_NAMED]
    ]
    return (
        f"What should not matter alone tells the {told[0]} of {interval} of "
        f"{counted(len(judged.places), 'example')}, where chance gives {percent(1 / len(judged.classes))}{beside}, "
        f"as means over the {told[1]}. Strongest: {'; '.join(strongest)}."
    )


def _of_classes(name: str, values: np.ndarray, folders: Sequence[str], strata: np.ndarray, classes: list[str]) -> str:
    """What the trait is like in some classes."""
    if name == SOURCE:
        return mostly_from(folders, strata, classes[:_CLASSES])
    return _means(name, values, strata, classes)


def _means(trait: str, values: np.ndarray, strata: np.ndarray, classes: list[str]) -> str:
    means = {name: float(np.nanmean(values[strata == name])) for name in classes}
    ends = sorted(means, key=lambda name: means[name])
    shown = ends if len(ends) <= _CLASSES else [*ends[: _CLASSES // 2], *ends[-(_CLASSES // 2) :]]
    return ", ".join(f"{name}: {said(trait, means[name])}" for name in shown)
