"""The learning curve comes from refits on stored features, and stays away where features or time are wanting."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.diagnosis.base import Evidence
from headstart.experiment.fitting import refits
from headstart.experiment.fitting.refits import curve_of, strength_of
from headstart.model.network import Network
from headstart.strategies._linear_head import STRENGTHS
from headstart.strategies._solved_head import solve_head
from toys import toy_backbone, toy_bench, toy_pictures


def test_figures_rise_with_the_examples_and_need_features_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, labels = toy_pictures(30)
    bench = toy_bench(toy_backbone(), tmp_path, pictures, labels, held_out=10)
    names = bench.task.describe()["labels"]
    said = [names[i % 2] for i in range(60)]
    apart = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    apart[::2, 0] += 6  # so far apart that a few examples are enough
    known = Evidence(
        {"train": said[:50], "validation": said[50:]}, {}, {}, {}, {}, {}, bench.task.watched, {},
        features={"train": apart[:50], "validation": apart[50:]},
    )  # fmt: skip
    monkeypatch.setattr(refits, "strength_of", lambda backbone, bench: 1.0)
    curve = curve_of(known, bench, toy_backbone())()
    sizes = sorted({size for size, _ in curve})
    assert sizes == [6, 12, 24, 36, 48]  # an eighth, a quarter, … of the four fifths of 60
    assert np.mean([figure for size, figure in curve if size == 48]) > 0.9
    monkeypatch.setattr(refits, "accuracy_at_shares", None)  # refitting again would fail
    assert curve_of(known, bench, toy_backbone())() == curve
    monkeypatch.setattr(refits, "strength_of", None)  # nor is a head solved where there will be no curve
    kin = np.arange(60) // 2
    with monkeypatch.context() as patch:
        given: dict[str, object] = {}
        patch.setattr(refits, "accuracy_at_shares", lambda *all, **named: given.update(named) or [(6, 0.5)])
        patch.setattr(refits, "strength_of", lambda backbone, bench: 1.0)
        assert curve_of(known, bench, toy_backbone(), kin, kin < 20)() == [(6, 0.5)]  # none was kept of relatives
        assert given["units"] is kin
        assert curve_of(known, bench, toy_backbone(), np.arange(60) // 7)() == []  # nine are too few
    with monkeypatch.context() as patch:
        patch.setattr(refits, "FEWEST_OF_A_CLASS", 31)
        assert curve_of(known, bench, toy_backbone())() == []  # 60 of two classes
    for units in (None, kin):
        assert curve_of(replace(known, features={}), bench, toy_backbone(), units)() == []
    assert curve_of(known, replace(bench, deadline=0.0), toy_backbone())() == []


def test_the_penalty_is_that_of_the_head_on_the_frozen_backbone(tmp_path: Path) -> None:
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, *toy_pictures(30), held_out=10)
    network = Network(copy.deepcopy(backbone).requires_grad_(False).eval(), bench.task.head(backbone.feature_size))
    solution = solve_head(network, bench)
    assert strength_of(backbone, bench) == [solution.strength] == [STRENGTHS[int(np.argmin(solution.scores))]]
