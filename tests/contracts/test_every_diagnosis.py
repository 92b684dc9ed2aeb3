"""What every diagnosis promises; a new one joins by its file."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from headstart.core.results import Figure, Severity
from headstart.diagnosis import DIAGNOSES, examine_all
from headstart.diagnosis.base import Evidence

SPLITS = ("train", "validation", "test")
EMPTY = Evidence({}, {}, {}, {}, {}, {}, watched="accuracy", higher_is_better={"accuracy": True})


def evidence(targets, fingerprints, figures):
    ids = {split: [f"{split}/{i}" for i in range(len(targets[split]))] for split in targets}
    return Evidence(
        targets=targets,
        ids=ids,
        fingerprints=fingerprints,
        figures={split: {"accuracy": figure} for split, figure in figures.items()},
        strata=targets,
        mistakes={split: np.zeros(len(targets[split])) for split in targets},
        watched="accuracy",
        higher_is_better={"accuracy": True},
    )


def clean():
    """Two classes of 20, no copies, and about the same figure everywhere."""
    targets = {split: ["a", "b"] * 20 for split in SPLITS}
    fingerprints = {split: [f"{split}{i}" for i in range(40)] for split in SPLITS}
    return evidence(targets, fingerprints, dict.fromkeys(SPLITS, Figure(0.95, 0.9, 0.98)))


def troubled():
    """Everything wrong at once: a rare class, copies with other targets in every split, training by heart."""
    targets = {split: ["a"] * 37 + ["b"] * 3 for split in SPLITS}
    fingerprints = {split: [f"{split}{i}" for i in range(36)] + ["same"] * 4 for split in SPLITS}
    figures = {"train": Figure(1.0, 0.99, 1.0), "validation": Figure(0.6, 0.5, 0.7), "test": Figure(0.6, 0.5, 0.7)}
    return evidence(targets, fingerprints, figures)


@pytest.mark.parametrize("name", DIAGNOSES.names())
@pytest.mark.parametrize("nothing_wrong", [EMPTY, clean()], ids=["empty", "clean"])
def test_it_is_silent_when_nothing_is_wrong(name, nothing_wrong):
    assert DIAGNOSES.load(name)().examine(nothing_wrong) == []


@pytest.mark.parametrize("name", DIAGNOSES.names())
def test_it_does_not_need_every_split(name):
    whole = troubled()
    part = {
        field: {"train": getattr(whole, field)["train"]}
        for field in ("targets", "ids", "fingerprints", "figures", "strata", "mistakes")
    }
    assert isinstance(DIAGNOSES.load(name)().examine(replace(whole, **part)), list)


@pytest.mark.parametrize("name", DIAGNOSES.names())
def test_its_findings_are_complete(name):
    found = troubled()
    known = {identity for ids in found.ids.values() for identity in ids}
    for finding in DIAGNOSES.load(name)().examine(found):
        assert finding.diagnosis == name
        assert finding.severity in get_args(Severity)
        assert finding.summary.endswith(".")
        assert any(character.isdigit() for character in finding.summary)
        assert finding.next_step.endswith(".")
        assert {example.id for example in finding.examples} <= known
        assert all(0 <= example.score <= 1 for example in finding.examples)


def test_together_the_gravest_come_first():
    severities = [finding.severity for finding in examine_all(troubled())]
    assert len(severities) >= 5
    assert severities == sorted(severities, key=["serious", "warning", "info"].index)
    assert examine_all(clean()) == []
