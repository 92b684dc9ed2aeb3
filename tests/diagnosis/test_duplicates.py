"""Duplicates within a split, counted by hand."""

from dataclasses import replace

import numpy as np

from diagnosis.made import evidence, pictures, sketch
from headstart.diagnosis import _copies
from headstart.diagnosis._near_copies import look_alikes
from headstart.diagnosis.duplicates import Duplicates


def test_copies_within_a_split_are_counted():
    (finding,) = Duplicates().examine(
        evidence(fingerprints={"train": ["p", "q", "p", "p", *(f"s{i}" for i in range(19))]})
    )
    assert finding.severity == "warning"  # 2 of 23 could go
    assert finding.summary == (
        "3 train examples of 23 (13.0 %) are alike (3 exactly), e.g. train-0 and train-2: 2 could go and nothing "
        "would be lost."
    )
    notes = {example.id: example.note for example in finding.examples}
    assert notes == {"train-0": "like train-2", "train-2": "like train-0", "train-3": "like train-0"}


def test_few_are_information_and_copies_across_splits_are_none():
    many = [f"s{i}" for i in range(100)]
    assert Duplicates().examine(evidence(fingerprints={"train": ["p", "p", *many]}))[0].severity == "info"
    assert Duplicates().examine(evidence(fingerprints={"train": ["p"], "test": ["p"]})) == []


def test_exact_and_near_are_told_apart():
    own = pictures(6)
    sketches = np.stack([sketch(picture) for picture in (*own, own[0][:, ::-1], own[1])])
    prints = {"train": ["0", "1", "2", "3", "4", "5", "6", "1"]}
    (finding,) = Duplicates().examine(evidence(fingerprints=prints, sketches={"train": sketches}))
    assert "(2 exactly and 2 nearly)" in finding.summary
    assert {example.id for example in finding.examples} == {"train-0", "train-6", "train-1", "train-7"}


def test_pictures_are_compared_once_though_features_come_later(monkeypatch):
    asked = []

    def noted(sketches, *others):
        asked.append(len(sketches))
        return look_alikes(sketches, *others)

    monkeypatch.setattr(_copies, "look_alikes", noted)
    own = pictures(6)
    sketches = np.stack([sketch(picture) for picture in (*own, own[0][:, ::-1], own[1])])
    names = {"train": ["0", "1", "2", "3", "4", "5", "0", "1"]}
    prints = {"train": [str(i) for i in range(8)]}
    before = evidence(fingerprints=prints, sketches={"train": sketches}, alike=names)
    deeper = replace(before, features={"train": np.random.default_rng(0).standard_normal((8, 4))})
    for known in (before, before, deeper):
        (finding,) = Duplicates().examine(known)
        assert "(4 nearly)" in finding.summary
    assert asked == [8]
    Duplicates().examine(replace(deeper, alike={"train": ["0"] * 8}))
    assert asked == [8, 8]
