"""What every diagnosis promises; a new one joins by its file."""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

from headstart.core.boxes import Box, Boxes
from headstart.core.errors import Problem
from headstart.core.results import Figure, Gain, Severity
from headstart.diagnosis import DIAGNOSES, examine_all
from headstart.diagnosis.base import Evidence

SPLITS = ("train", "validation", "test")
EMPTY = Evidence({}, {}, {}, {}, {}, {}, watched="accuracy", higher_is_better={"accuracy": True})
BY_SPLIT = [
    field.name
    for field in fields(Evidence)
    if field.name not in ("watched", "higher_is_better", "given", "labels", "set_aside", "opened")
]


def evidence(targets, ids, fingerprints, figures, **more):
    return Evidence(
        targets=targets,
        ids=ids,
        fingerprints=fingerprints,
        figures={split: {"accuracy": figure} for split, figure in figures.items()},
        strata=targets,
        mistakes={split: np.zeros(len(targets[split])) for split in targets},
        watched="accuracy",
        higher_is_better={"accuracy": True},
        labels=["a", "b"],
        **more,
    )


WIDTH = 64
"""Of the features: in fewer dimensions distances are skewed, and one in a hundred looks far."""

FIRST, SECOND = np.eye(WIDTH)[:2]


def arrays(targets, seed, tell):
    """Traits, sketches, features and probabilities; `tell` is how much features and traits say of the class."""
    generator = np.random.default_rng(seed)
    own = {split: np.array([target == "b" for target in targets[split]], dtype=float) for split in targets}
    traits = {split: {"width": 200 + 50 * tell * is_b + generator.random(len(is_b))} for split, is_b in own.items()}
    features = {
        split: generator.uniform(-1.7, 1.7, (len(is_b), WIDTH)) + 5 * np.outer(is_b, FIRST) + 5 * SECOND
        for split, is_b in own.items()
    }
    sketches = {split: generator.standard_normal((len(is_b), 256)).astype(np.float32) for split, is_b in own.items()}
    for rows in sketches.values():
        rows -= rows.mean(axis=1, keepdims=True)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    probabilities = {split: np.stack([0.95 - 0.9 * own[split], 0.05 + 0.9 * own[split]], 1) for split in SPLITS[:2]}
    return {"traits": traits, "features": features, "sketches": sketches, "probabilities": probabilities}


def clean():
    """Two classes of 60, no copies, about the same figure everywhere, and features that tell the class."""
    targets = {split: ["a", "b"] * 60 for split in SPLITS}
    ids = {split: [f"{split}/{i}" for i in range(120)] for split in SPLITS}
    fingerprints = {split: [f"{split}{i}" for i in range(120)] for split in SPLITS}
    figures = dict.fromkeys(SPLITS, Figure(0.95, 0.9, 0.98))
    return evidence(targets, ids, fingerprints, figures, **arrays(targets, 0, tell=0.0))


def troubled():
    """Everything wrong at once: a rare class, copies with other targets in every split, training by heart, scans of
    one patient in several splits, a width that gives the class away, an input unlike all others, one that cannot be
    read, no gain over the commonest answer, and a curve that still rises."""
    targets = {split: ["a"] * 120 + ["b"] * 11 for split in SPLITS} | {"test": ["a"] * 37 + ["b"] * 3}
    ids = {split: [f"{split}/patient{i % 20}_{i}" for i in range(len(targets[split]))] for split in SPLITS}
    fingerprints = {
        split: [f"{split}{i}" for i in range(len(own) - 4)] + ["same"] * 4 for split, own in targets.items()
    }
    fingerprints["train"][0] = "same"
    figures = {"train": Figure(1.0, 0.99, 1.0), "validation": Figure(0.6, 0.5, 0.7), "test": Figure(0.6, 0.5, 0.7)}
    more = arrays(targets, 1, tell=1.0)
    centres = 2 * np.random.default_rng(2).standard_normal((20, WIDTH))
    for features in more["features"].values():
        features += centres[np.arange(len(features)) % 20]
    more["features"]["train"][0] = -10 * SECOND
    more["probabilities"]["train"][:5] = [0.01, 0.99]
    more["sketches"]["test"][0] = more["sketches"]["train"][0]
    more["set_aside"] = [Problem("train/torn.png", "it ends too early")]
    more["gains"] = {"majority": Gain(Figure(0.7, 0.6, 0.8), Figure(-0.1, -0.2, -0.01))}
    more["curve"] = [(size, 1 - 2 * size**-0.5 + draw / 100) for draw in range(3) for size in (16, 32, 64, 128)]
    return evidence(targets, ids, fingerprints, figures, **more)


def tiny():
    """Boxes of which one is hardly to be seen."""
    boxes = [Boxes((Box(0, 0, 50, 50, "a"), Box(0, 0, 1 if i else 50, 40, "b")), (200, 100)) for i in range(2)]
    ids, prints = (({split: [f"{split}{what}{i}" for i in range(2)] for split in SPLITS}) for what in ("/", "="))
    return evidence(dict.fromkeys(SPLITS, boxes), ids, prints, {})


@pytest.mark.parametrize("name", DIAGNOSES.names())
@pytest.mark.parametrize("nothing_wrong", [EMPTY, clean()], ids=["empty", "clean"])
def test_it_says_nothing_grave_when_nothing_is_wrong(name, nothing_wrong):
    """What was measured may be told all the same, where there is something to measure."""
    found = DIAGNOSES.load(name)().examine(nothing_wrong)
    assert [finding.severity for finding in found] == (["info"] * len(found) if nothing_wrong.figures else [])
    assert len(found) <= 1
    assert all(finding.next_step.startswith("Nothing: ") for finding in found)


@pytest.mark.parametrize("name", DIAGNOSES.names())
def test_it_does_not_need_every_split(name):
    whole = troubled()
    part = {field: {"train": own["train"]} for field in BY_SPLIT if "train" in (own := getattr(whole, field))}
    assert isinstance(DIAGNOSES.load(name)().examine(replace(whole, **part)), list)


@pytest.mark.parametrize("name", DIAGNOSES.names())
@pytest.mark.parametrize("field", [name for name in BY_SPLIT if name not in ("targets", "ids", "strata")])
def test_it_does_not_need_every_field(name, field):
    assert isinstance(DIAGNOSES.load(name)().examine(replace(troubled(), **{field: {}})), list)


@pytest.mark.parametrize("name", DIAGNOSES.names())
def test_its_findings_are_complete(name):
    found = troubled() if DIAGNOSES.load(name)().examine(troubled()) else tiny()
    known = {identity for ids in found.ids.values() for identity in ids} | {each.where for each in found.set_aside}
    said = DIAGNOSES.load(name)().examine(found)
    assert said  # or nothing below is looked at
    for finding in said:
        assert finding.diagnosis == name
        assert finding.severity in get_args(Severity)
        assert finding.summary.endswith(".")
        assert any(character.isdigit() for character in finding.summary)
        assert finding.next_step.endswith(".")
        assert {example.id for example in finding.examples} <= known
        assert all(0 <= example.score <= 1 for example in finding.examples)


def test_together_the_gravest_come_first():
    findings = examine_all(troubled())
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=["serious", "warning", "info"].index)
    said = {finding.diagnosis for finding in [*findings, *examine_all(tiny())]}
    assert said == set(DIAGNOSES.names())
    assert {finding.severity for finding in examine_all(clean())} <= {"info"}
