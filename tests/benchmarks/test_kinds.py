"""The rows of the benchmark of kinds of transfer, from commands that answer as told."""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def transfers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Measurements by name, found only while a test runs."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"transfers.{name}")
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"transfers", "sets", "measure", "figures"}:
            del sys.modules[name]


@pytest.fixture
def selector(transfers: Callable[[str], ModuleType]) -> ModuleType:
    """The measurement of the selector."""
    return transfers("selector")


def test_what_the_pick_loses_against_the_best(selector: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits reach 0.90, 0.93 and 0.80 in 100 s each; the ranking took 24 s, and left one out that is fitted too."""
    reached = {"a": 0.90, "b": 0.93, "c": 0.80}

    def answered(asked: Any, *words: str) -> tuple[dict[str, Any], float]:
        if words[0] == "rank":
            names = [{"backbone": "a"}, {"backbone": "b"}]
            return {"candidates": names, "left_out": [{"backbone": "c"}], "pick": "a", "static_pick": "c"}, 24.0
        backbone = words[words.index("--backbone") + 1]
        return {"test": {"accuracy": [reached[backbone], 0.0, 1.0]}}, 100.0

    monkeypatch.setattr(selector, "_headstart", answered)
    asked = Namespace(sets="flowers", seeds=1, data=Path("data"), budget="1m", fit="")
    rows = {row["figure"]: row["value"] for row in selector.rows(asked)}
    assert rows == pytest.approx({"lost by pick": 0.03, "lost by static_pick": 0.13, "share of all fits": 0.08})


def test_what_extending_loses(transfers: Callable[[str], ModuleType]) -> None:
    """Of ten examples, five of old classes: before 5 of those right, extended 4, at once 4; of all 8 and 9 right."""
    right = {"before": "1111100000", "extended": "1111011110", "at once": "0111111111"}
    truth = ["old"] * 5 + ["new"] * 5
    rows = list(transfers("extend")._rows("toys", 0, truth, {"old"}, right))
    assert [row["figure"] for row in rows] == [
        "lost against all at once", "old: lost against all at once", "old: lost against before",
    ]  # fmt: skip
    assert [row["value"] for row in rows] == pytest.approx([0.1, 0.0, 0.2])
    assert rows[0]["against"] == pytest.approx(0.9)
    assert rows[0]["extended"] == pytest.approx(0.8)
    for row in rows:
        assert row["interval"][1] <= row["value"] <= row["interval"][2]


def test_a_pair_counts_once_however_many_seeds(transfers: Callable[[str], ModuleType]) -> None:
    """Gains of two pairs, .1 by three seeds and -.02, -.04: means .1 and -.03, the mean of those .035."""
    adaptation = transfers("adaptation")

    def figures(gain: float) -> dict[str, float]:
        return dict.fromkeys(adaptation.WAYS, 0.5) | {"kept": 0.5 + gain}

    reached = {("s", "a to b"): [figures(0.1)] * 3, ("s", "b to a"): [figures(-0.02), figures(-0.04)]}
    rows = {row["figure"]: row for row in adaptation.summary(reached)}
    assert rows["mean over source only"]["value"] == pytest.approx(0.035)
    assert rows["mean over source only"]["worst"] == ["b to a", pytest.approx(-0.03)]
    assert rows["mean over source only"]["interval"] == pytest.approx([-0.03, 0.1])
    assert rows["mean kept"]["pairs"] == 2


def test_pairs_are_named_by_set_or_by_kind(transfers: Callable[[str], ModuleType]) -> None:
    pairs = transfers("_domains").pairs
    assert {name for name, _, _ in pairs("images")} == {"digits_da", "pacs_photo_sketch"}
    assert len(pairs("text")) == 24
    assert len(pairs("all")) == len(pairs("")) == 28
    with pytest.raises(ValueError, match="unknown sets: sounds"):
        pairs("sounds")
