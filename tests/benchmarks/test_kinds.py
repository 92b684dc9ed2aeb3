"""The rows of the benchmark of kinds of transfer, from commands that answer as told."""

from __future__ import annotations

import importlib
import json
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
        if name.split(".")[0] in {"transfers", "sets", "measure", "figures", "methods", "baselines"}:
            del sys.modules[name]


@pytest.fixture
def selector(transfers: Callable[[str], ModuleType]) -> ModuleType:
    """The measurement of the selector."""
    return transfers("selector")


REACHED = {"a": 0.90, "b": 0.93, "c": 0.80}


def answering(fitted: list[str]) -> Callable[..., Any]:
    """Fits reach what stands above in 100 s each; the ranking took 24 s, and left one out that is fitted too."""

    def answered(asked: Any, *words: str) -> tuple[dict[str, Any], Any]:
        if words[0] == "rank":
            names = [{"backbone": "a"}, {"backbone": "b"}]
            ranking = {"candidates": names, "left_out": [{"backbone": "c"}], "pick": "a", "static_pick": "c"}
            return ranking, Namespace(wall=24.0, cpu=12.0)
        backbone = words[words.index("--backbone") + 1]
        fitted.append(backbone)
        return {"test": {"accuracy": [REACHED[backbone], 0.0, 1.0]}}, Namespace(wall=100.0, cpu=100.0)

    return answered


def asked(tmp_path: Path, **more: Any) -> Namespace:
    usual = {"sets": "flowers", "seeds": 1, "data": Path("data"), "budget": "1m", "fit": "", "out": None}
    return Namespace(**{**usual, "backbones": tmp_path, **more})


def test_what_the_pick_loses_against_the_best(
    selector: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(selector, "_headstart", answering([]))
    rows = {(row["set"], row["figure"]): row["value"] for row in selector.rows(asked(tmp_path))}
    assert {figure: value for (name, figure), value in rows.items() if name == "flowers"} == pytest.approx(
        {
            **{f"full fit of {name}": accuracy for name, accuracy in REACHED.items()},
            "lost by pick": 0.03, "lost by static_pick": 0.13,
            "share of all fits": 0.08, "share of all fits, cpu": 0.04,
        }
    )  # fmt: skip
    assert {figure: value for (name, figure), value in rows.items() if name == "all"} == pytest.approx(
        {
            "mean lost by pick": 0.03, "worst lost by pick": 0.03, "mean lost by static_pick": 0.13,
            "pick better than the static list": 0.10,
            "mean share of all fits": 0.08, "mean share of all fits, cpu": 0.04,
        }
    )  # fmt: skip


def test_fits_that_were_made_before_are_not_made_again(
    selector: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of two sets: an interval over both; and the folder that holds no backbone is named."""
    (tmp_path / "empty").mkdir()
    fitted: list[str] = []
    monkeypatch.setattr(selector, "_headstart", answering(fitted))
    made = {"set": "flowers", "seed": 0, "accuracy": 1.0, "seconds": 10.0, "cpu": 9.0}
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({**made, "backbone": name}) + "\n" for name in "ab"))
    rows = list(selector.rows(asked(tmp_path, out=file, sets="flowers,vehicles")))
    assert fitted == ["c", "a", "b", "c"]
    (mean,) = [row for row in rows if row["figure"] == "mean lost by pick"]
    assert (mean["value"], mean["low"], mean["high"]) == pytest.approx((0.015, 0.0, 0.03))
    assert "no candidate: empty: config.json is missing." in capsys.readouterr().out


@pytest.fixture
def zero_shot(transfers: Callable[[str], ModuleType]) -> ModuleType:
    """The measurement of names and few examples."""
    return transfers("zero_shot")


def test_the_gain_over_the_better_of_two_and_its_mean(zero_shot: ModuleType) -> None:
    """Gains of 0.02 and 0.04: a mean of 0.03, and by Student's t with one degree of freedom ± 12.706 · 0.01."""
    mean = zero_shot._mean("toys", [{"value": 0.02}, {"value": 0.04}])
    assert (mean["value"], mean["low"], mean["high"]) == pytest.approx((0.03, -0.0971, 0.1571), abs=1e-4)


def test_without_setfit_that_is_said_loudly_and_ours_stands_in(
    zero_shot: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    methods, sets = sys.modules["methods"], sys.modules["sets"]
    answers = {"": "aab", "--strategy set_fit": "aaa", "probe": "bbb"}

    def ran(name: str, *rest: Any) -> Any:
        if name != "probe":
            raise methods.Skipped("no package")
        return methods.Outcome(list(answers[name]), 1.0, 1.0)

    monkeypatch.setattr(methods, "run_baseline", ran)
    monkeypatch.setattr(zero_shot, "_encoder", lambda: "encoder")
    monkeypatch.setattr(
        zero_shot,
        "_fitted",
        lambda few, conditions, asked, store, more="": methods.Outcome(list(answers[more]), 1, 1),
    )
    split = sets.Split(["x", "y", "z"], ["a", "a", "b"])
    data = sets.Set("toys", "text", tmp_path, split, split)
    rows = {row["figure"]: row for row in zero_shot._with_few(asked(tmp_path), data, 0, tmp_path)}
    assert "SETFIT WAS SKIPPED (no package)" in capsys.readouterr().out
    assert rows["gain over probe"]["value"] == pytest.approx(2 / 3)
    better = rows["gain over the better of SetFit and probe"]
    assert (better["value"], better["better"]) == (pytest.approx(1 / 3), "headstart's own set_fit")


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
