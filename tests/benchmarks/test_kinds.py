"""The rows of the benchmark of kinds of transfer, from commands that answer as told."""

from __future__ import annotations

import importlib
import json
import re
import sys
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

OWN = {path.stem for path in (Path(__file__).resolve().parents[2] / "benchmarks").iterdir()}
"""Modules that are to be found by no other test."""

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def transfers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Measurements by name, found only while a test runs."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"transfers.{name}")
    for name in set(sys.modules) - before:
        if name.split(".")[0] in OWN:
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
    usual = {"sets": "flowers", "seeds": range(1), "data": Path("data"), "budget": "1m", "fit": "", "out": None}
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


TOYS = ["a", "b", "c", "d", "e"] * 2
"""The inputs of ten test examples."""


def test_what_extending_loses(transfers: Callable[[str], ModuleType]) -> None:
    """Of ten examples, five of old classes: before 5 of those right, extended 4, at once 4; of all 8 and 9 right."""
    said = {"before": "1111100000", "extended": "1111011110", "at once": "0111111111"}
    right = {model: [float(mark) for mark in marks] for model, marks in said.items()}
    extend, over_seeds = transfers("extend"), defaultdict(list)
    test = importlib.import_module("sets").Split(TOYS, ["old"] * 5 + ["new"] * 5)
    rows = list(extend._rows("toys", 0, test, {"old"}, right, over_seeds))
    assert [row["figure"] for row in rows] == [
        "lost against all at once", "old: lost against all at once", "old: lost against before",
    ]  # fmt: skip
    assert [row["value"] for row in rows] == pytest.approx([0.1, 0.0, 0.2])
    assert rows[0]["against"] == pytest.approx(0.9)
    assert rows[0]["extended"] == pytest.approx(0.8)
    assert {figure: len(found) for figure, found in over_seeds.items()} == {
        "lost against all at once": 10, "old: lost against all at once": 5, "old: lost against before": 5,
    }  # fmt: skip
    for row in rows:
        assert row["interval"][0] <= row["value"] <= row["interval"][1]


def test_extending_is_judged_by_the_mean_over_seeds(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One seed loses 0.2 against all at once and the other nothing: 0.1 on average, of which 0.02 was allowed."""
    extend = transfers("extend")
    given = Namespace(test=importlib.import_module("sets").Split(TOYS, ["old"] * 5 + ["new"] * 5))
    all_right, two_wrong = [1.0] * 10, [0.0] * 2 + [1.0] * 8

    def measured(asked: Any, name: str, seed: int) -> tuple[Any, set[str], dict[str, list[float]]]:
        return given, {"old"}, {"before": all_right, "at once": all_right, "extended": [two_wrong, all_right][seed]}

    monkeypatch.setattr(extend, "_measured", measured)
    rows = list(extend.rows(Namespace(sets="vehicles", seeds=range(2))))
    assert [(row["seed"], row["value"]) for row in rows if row["figure"] == "lost against all at once"] == [
        (0, pytest.approx(0.2)), (1, pytest.approx(0.0)), ("mean", pytest.approx(0.1)),
    ]  # fmt: skip
    assert [row["must"].words() for row in rows if "must" in row] == ["at most 0.02"] * 3


def test_a_mean_over_seeds_counts_each_example_once(transfers: Callable[[str], ModuleType]) -> None:
    """Differences of 1 and 0 on two examples: mean 1/2 with error sqrt(2 (1/4 + 1/4)) / 2, and two seeds that say the
    same of the same examples make it no surer. Two sets with errors of 1/2 have one of sqrt(1/2) / 2 together."""
    means = transfers("_means")
    seed = [("a", 1.0), ("b", 0.0)]
    once, twice = means.mean_of(seed), means.mean_of(seed + seed)
    assert once == pytest.approx((0.5, 0.5 - 1.96 * 0.5, 0.5 + 1.96 * 0.5), abs=1e-4)
    assert twice == pytest.approx(once)
    together = means.over_sets([once, means.mean_of([("c", 0.0), ("d", -1.0)])])
    assert together == pytest.approx((0.0, -1.96 * 0.5**0.5 / 2, 1.96 * 0.5**0.5 / 2), abs=1e-4)


def test_several_targets_against_each_alone(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four texts the colour is right once more together and the size once less: 0.25 and -0.25, 0 on average.
    Together 12 s, alone 8 and 10: 1.2 of the slowest."""
    multi_task = transfers("multi_task")
    examples = [{"text": str(i), "colour": "red", "size": "big", "split": "test"} for i in range(4)]
    seconds = {"together": 12.0, "alone_colour": 8.0, "alone_size": 10.0}
    alone = {"alone_colour": ["red", "red", "red", "blue"], "alone_size": ["big"] * 4}
    both = [{"colour": "red", "size": size} for size in ("big", "big", "big", "small")]

    def fit(asked: Any, folder: Path, out: str, seed: int, targets: tuple[str, ...]) -> dict[str, Any]:
        said = [{"label": label} for label in alone.get(out, both)]
        return {"wall": seconds[out], "cpu": 2 * seconds[out], "said": said}

    monkeypatch.setattr(multi_task, "_fit", fit)
    monkeypatch.setattr(multi_task, "SETS", {"toys": lambda root: (("colour", "size"), examples)})
    monkeypatch.setattr(multi_task, "FOLDERS", {"toys": "toys"})
    rows = list(multi_task.rows(Namespace(sets="all", seeds=range(1), data=Path("data"))))
    assert {row["figure"]: row["value"] for row in rows} == pytest.approx(
        {
            "colour: gain": 0.25, "size: gain": -0.25, "mean gain over alone": 0.0, "wall / slowest alone": 1.2,
            "cpu / slowest alone": 1.2,
        }
    )  # fmt: skip
    judged = [(row["set"], row["figure"], row["must"].words()) for row in rows if "must" in row]
    assert judged == [
        ("toys", "mean gain over alone", "at least 0"), ("toys", "wall / slowest alone", "at most 1.3"),
        ("toys", "cpu / slowest alone", "at most 1.3"), ("1 sets", "mean gain over alone", "at least 0"),
    ]  # fmt: skip


def test_going_back_against_tuning_alone(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command with the way back is right on both texts, the one without on one: a gain of a half."""
    wise, sets = transfers("wise"), importlib.import_module("sets")
    split = sets.Split(["first", "second"], ["a", "b"])
    monkeypatch.setattr(sets, "read", lambda *given: Namespace(train=split, test=split))

    def carried_out(asked: Any, folder: Path, *words: str, store: str = "cache") -> Namespace:
        assert f"interpolate={words[words.index('--out') + 1]}" in words[words.index("--strategy") + 1]
        return Namespace(stdout='{"rungs": [{"name": "full", "tuned_share": 0.5}]}')

    said = {"true": [{"label": "a"}, {"label": "b"}], "false": [{"label": "a"}, {"label": "a"}]}
    monkeypatch.setattr(wise, "headstart", carried_out)
    monkeypatch.setattr(wise, "answers", lambda asked, folder, model, inputs: said[model])
    rows = list(wise.rows(Namespace(sets="sms_spam", seeds=range(1), data=Path("data"), budget="1m", fit="")))
    assert [(row["set"], row["seed"], row["value"]) for row in rows] == [
        ("sms_spam", 0, 0.5), ("sms_spam", "mean", 0.5), ("1 sets", "mean", 0.5),
    ]  # fmt: skip
    assert rows[0]["shares"] == {"full": 0.5}
    assert rows[-1]["must"].words() == "at least 0"


def test_adapting_against_the_other_ways(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept reaches 0.8 on every pair: 0.2 over the source model, 0.1 over standardising."""
    adaptation = transfers("adaptation")
    reached = {
        "source only": 0.6,
        "standardised": 0.7,
        "kept": 0.8,
        "choice by labels": 0.8,
        "with target labels": 0.9,
        "source only, all new inputs": 0.6,
        "kept, all new inputs": 0.75,
    }
    monkeypatch.setattr(adaptation, "domain", lambda *given: given)
    monkeypatch.setattr(adaptation, "_pair", lambda *given: (reached, {"chosen": "coral"}))
    rows = list(
        adaptation.rows(Namespace(sets="digits_da", seeds=range(1), data=Path("data"), backbones=Path("backbones")))
    )
    found = {row["figure"]: row["value"] for row in rows}
    assert found["gain over source only"] == pytest.approx(0.2)
    assert found["gain over source only, all new inputs"] == pytest.approx(0.15)
    assert found["mean over source only, all new inputs"] == pytest.approx(0.15)
    assert found["mean over standardised"] == pytest.approx(0.1)
    assert found["mean over choice by labels"] == pytest.approx(0.0)
    assert {"mnist to usps", "usps to mnist"} <= {row["set"] for row in rows}


def test_each_way_of_adapting_deeply_is_compared_where_it_was_tried(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SHOT has the time on one of two pairs, and gains 0.1 there; what is kept gains 0.2 and nothing."""
    deep = transfers("deep_adaptation")
    source = {"source model": 0.5, "kept without training": 0.6}
    reached = iter([source | {"shot": 0.6, "kept": 0.7}, source | {"kept": 0.5}])
    monkeypatch.setattr(deep, "domain", lambda *given: given)
    monkeypatch.setattr(deep, "_handed_over", lambda folder, into: str(folder))
    monkeypatch.setattr(deep, "_pair", lambda *given: (next(reached), {"chosen": "shot"}))
    given = Namespace(sets="digits_da", seeds=range(1), data=Path("data"), backbones=Path("backbones"), budget="1m")
    rows = list(deep.rows(given))
    means = {row["figure"]: (row["set"], row["value"]) for row in rows if row["seed"] == "mean"}
    assert means == {
        "kept without training: gain": ("2 pairs", pytest.approx(0.1)),
        "shot: gain": ("1 pairs", pytest.approx(0.1)),
        "kept: gain": ("2 pairs", pytest.approx(0.1)),
    }
    judged = [row for row in rows if "must" in row]
    assert [row["value"] for row in judged] == pytest.approx([0.2, 0.0])
    assert {row["must"].words() for row in judged} == {"at least -0.005"}


def test_labelled_texts_of_the_old_domain_hold_nothing_of_its_test_split(
    transfers: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    books = tmp_path / "books"
    books.mkdir()
    for part in ("train", "test"):
        (books / f"{part}.csv").write_text(f"text,label\nof {part},good\n", encoding="utf-8")
    table = transfers("deep_adaptation")._handed_over(books, tmp_path)
    assert Path(table).read_text(encoding="utf-8").splitlines() == ["text,label", "of train,good"]


def test_names_alone_and_with_a_few_examples(
    transfers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names 0.7 where the commonest class is a half; with examples one more right of two than a probe."""
    zero_shot = transfers("zero_shot")
    sets, methods = (importlib.import_module(name) for name in ("sets", "methods"))
    split = sets.Split(["first", "second"], ["a", "b"])
    given = sets.Set("ag_news", "text", Path("data"), split, split)
    monkeypatch.setattr(sets, "read", lambda *given_: given)

    def said(asked: Any, folder: Path, store: Path, *words: str) -> dict[str, Any]:
        return {"from_names": {"prompts": ["{}"]}} if words[0] == "fit" else {"accuracy": [0.7, 0.6, 0.8]}

    def outcome(guesses: list[str]) -> Any:
        return methods.Outcome(guesses, 1.0, 0.0, "")

    def baseline(method: str, *given_: Any) -> Any:
        if method == "_set_fit":
            raise methods.Skipped("setfit is not installed")
        return outcome(["a", "a"])

    monkeypatch.setattr(zero_shot, "_headstart", said)
    monkeypatch.setattr(zero_shot, "_encoder", lambda: "encoder")
    monkeypatch.setattr(methods, "run_baseline", baseline)
    monkeypatch.setattr(zero_shot, "_fitted", lambda *given_: outcome(["a", "b"]))
    rows = list(zero_shot.rows(Namespace(sets="ag_news", seeds=range(1), data=Path("data"), budget="1m", fit="")))
    found = {row["figure"]: row["value"] for row in rows}
    assert found["accuracy by names alone"] == pytest.approx(0.7)
    assert found["8 a class: probe"] == pytest.approx(0.5)
    assert found["8 a class: headstart"] == pytest.approx(1.0)
    assert found["gain over probe"] == pytest.approx(0.5)


def toy_kind(rows: list[dict[str, Any]]) -> ModuleType:
    """A kind of transfer that yields these rows."""
    kind = ModuleType("transfers.extend")
    kind.SETS = ("vehicles", "banking77")
    kind.rows = lambda asked: iter([{"set": asked.sets, "seed": 0, "figure": "lost", **row} for row in rows])
    return kind


def test_each_row_says_whether_it_reached_what_it_must(
    transfers: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Bounds as objects and as words are judged, on the figure or the low end of its interval; others are not."""
    kinds, target = importlib.import_module("kinds"), importlib.import_module("target").Target
    rows = [
        {"value": 0.01, "interval": [0.01, -0.01, 0.03], "must": target(0.02)},
        {"value": 0.03, "low": 0.02, "high": 0.04, "must": "at most 0.02"},
        {"value": 0.03, "interval": [-0.01, 0.04], "must": "low end above 0"},
        {"value": 0.0, "must": "above 0"},
        {"value": 0.3, "must": "well above 0.25, the commonest class"},
        {"value": 0.3},
    ]
    monkeypatch.setitem(sys.modules, "transfers.extend", toy_kind(rows))
    out = tmp_path / "rows.jsonl"
    assert kinds.main(["--only", "extend", "--sets", "images", "--out", str(out)]) == 0
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["reached"] for row in written] == [True, False, False, False, None, None]
    assert written[0]["must"] == "at most 0.02"
    assert {row["set"] for row in written} == {"vehicles"}
    said = capsys.readouterr().out
    assert re.search(r"0.010 -0.010 to \+0.030 +yes +at most 0.02", said)
    assert re.search(r"0.030 \+0.020 to \+0.040 +NO +at most 0.02", said)
    assert said.rstrip().endswith("reached 1 of 4; 0 measurements failed")


@pytest.mark.parametrize(("words", "message"), [
    (["--only", "zero_shot", "--sets", "images"], "zero_shot: no images among its sets; it is measured on ag_news"),
    (["--only", "extend,multi_task", "--sets", "flowers"], "multi_task: no flowers among its sets"),
    (["--sets", "nosuch"], "wise: no nosuch among its sets"),
    (["--seeds", "0"], "--seeds 0: at least 1"),
    (["--first", "-1"], "--first -1: at least 0"),
])  # fmt: skip
def test_what_a_kind_cannot_be_measured_on_is_refused_at_once(
    transfers: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as leaving:
        importlib.import_module("kinds").main(words)
    assert leaving.value.code == 2
    assert message in capsys.readouterr().err


def test_groups_of_sets_hold_for_every_kind(transfers: Callable[[str], ModuleType]) -> None:
    kinds = importlib.import_module("kinds")
    images, text = kinds._sets_of([], "images"), kinds._sets_of([], "text")
    assert images["adaptation"] == ["digits_da", "pacs_photo_sketch"]
    assert images["extend"] == ["vehicles"]
    assert images["multi_task"] == ["digits_digit_origin"]
    assert "zero_shot" not in images
    assert sorted(text) == kinds.KINDS
    assert text["zero_shot"] == ["ag_news", "banking77"]
    assert kinds._arguments([]).seeds == range(3)
    assert kinds._arguments(["--seeds", "2", "--first", "1"]).seeds == range(1, 3)


def test_a_pair_counts_once_however_many_seeds(transfers: Callable[[str], ModuleType]) -> None:
    """Gains of two pairs, .1 by three seeds and -.02, -.04: means .1 and -.03, the mean of those .035."""
    adaptation = transfers("adaptation")

    def figures(gain: float) -> dict[str, float]:
        whole = {"source only" + adaptation.ALL: 0.5, "kept" + adaptation.ALL: 0.5 + gain / 2}
        return dict.fromkeys(adaptation.WAYS, 0.5) | {"kept": 0.5 + gain} | whole

    reached = {("s", "a to b"): [figures(0.1)] * 3, ("s", "b to a"): [figures(-0.02), figures(-0.04)]}
    rows = {row["figure"]: row for row in adaptation.summary(reached)}
    assert rows["mean over source only"]["value"] == pytest.approx(0.035)
    assert rows["mean over source only"]["worst"] == ["b to a", pytest.approx(-0.03)]
    assert rows["mean over source only"]["interval"] == pytest.approx([-0.03, 0.1])
    assert rows["mean over source only, all new inputs"]["worst"] == ["b to a", pytest.approx(-0.015)]
    assert rows["mean kept"]["pairs"] == 2


def test_pairs_are_named_by_set_or_by_kind(transfers: Callable[[str], ModuleType]) -> None:
    pairs = transfers("_domains").pairs
    assert {name for name, _, _ in pairs("images")} == {"digits_da", "pacs_photo_sketch"}
    assert len(pairs("text")) == 24
    assert len(pairs("all")) == len(pairs("")) == 28
    with pytest.raises(ValueError, match="unknown sets: sounds"):
        pairs("sounds")
