"""Several targets end to end: what is read, fitted, compared with each alone, written and predicted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.core.results import FitResult
from headstart.core.spec import FitSpec
from headstart.data.readers.base import Request
from headstart.data.several_sources import read_all
from headstart.experiment.fitting.alone import Alone, _command
from headstart.strategies.fine_tuning import FineTuning
from headstart.training.workbench import Workbench
from small_world import TEXT_PROBE, result_of, status, table, texts
from toys import toy_backbone, toy_bench, toy_network, toy_pictures

TARGETS = ("topic", "even", "number")


@pytest.mark.parametrize(("together", "alone"), [(1, 1), (5, 2)])
def test_a_task_alone_is_trained_no_longer_than_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int, alone: int
) -> None:
    """Two epochs are its own; all together may have had time for one."""
    pictures, labels = toy_pictures(40)
    bench = toy_bench(toy_backbone(), tmp_path, pictures, labels, held_out=10)
    train, strategy, taken = Workbench.train_network, FineTuning(epochs=2), []

    def noted(self: Workbench, plan: Any, recipe: Any, *rest: Any) -> Any:
        taken.append(recipe.epochs)
        return train(self, plan, recipe, *rest)

    monkeypatch.setattr(Workbench, "train_network", noted)
    rung = strategy.rungs(toy_backbone(), bench.task, 40)[0]
    Alone(strategy, rung, together).climbed(toy_network(toy_backbone(), bench.task), bench)
    assert taken == [alone]


@pytest.fixture(scope="session")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 texts with a topic, whether their number is even, and a number of their own; some cells are empty."""
    rows = [
        {
            "text": text,
            "topic": "" if i % 5 == 4 else topic,
            "even": "yes" if i % 2 == 0 else "no",
            "number": "" if i % 7 == 3 else f"{i * 0.37:.2f}",
        }
        for i, (text, topic) in enumerate(texts(90))
    ]
    return table(tmp_path_factory.mktemp("data") / "tickets.csv", rows)


@pytest.fixture(scope="session")
def model(fitted: Callable[..., Path], tickets: Path) -> Path:
    return fitted(tickets, "--target", ",".join(TARGETS), *TEXT_PROBE)


def test_the_result_holds_a_block_of_figures_a_target(model: Path) -> None:
    result = result_of(model)
    assert result["task"] == "multi_task"
    for figures in [result["test"], *(rung["validation"] for rung in result["rungs"])]:
        assert set(figures) == set(TARGETS)
        assert {"accuracy", "macro_f1"} <= set(figures["topic"])
        assert {"mae", "rmse"} <= set(figures["number"])
        assert all(len(figure) == 3 for block in figures.values() for figure in block.values())
    assert set(result["overall"]) == {"mean_score"}
    assert json.loads(json.dumps(FitResult.from_json(result).to_json())) == result
    assert result["test"]["topic"]["accuracy"][0] > 0.6


def test_a_task_on_frozen_features_is_as_good_as_alone(model: Path) -> None:
    tasks = {task["target"]: task for task in result_of(model)["tasks"]}
    assert set(tasks) == set(TARGETS)
    for task in tasks.values():
        assert task["together"] == pytest.approx(task["alone"])
        assert task["gain"] == pytest.approx([0, 0, 0])
        assert not task["command"]


def test_what_a_person_sees(tickets: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fit", tickets, "--target", "topic,even", "--out", "m", *TEXT_PROBE) == 0
    said = capsys.readouterr().out
    assert "mean score" in said
    assert "Together or alone, on the held-out examples (feature_extraction):" in said
    assert "the same" in said


def test_predictions_have_columns_for_each_target(model: Path, tickets: Path, at_hand: Path) -> None:
    assert status("predict", model, tickets, "--input", "text", "-o", "said.csv") == 0
    with Path("said.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 90
    assert list(rows[0])[:3] == ["input", "label", "topic"]  # a number has no probability, so all together have none
    assert {"topic", "topic_probability", "even", "even_probability", "number", "number_low"} <= rows[0].keys()
    label = json.loads(rows[0]["label"])
    assert (label["topic"], label["even"]) == (rows[0]["topic"], rows[0]["even"])
    assert "unfamiliar" in rows[0]


def test_the_model_is_measured_on_the_targets_that_a_table_has(
    model: Path, tickets: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("evaluate", model, tickets, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {*TARGETS, "overall"}
    some = [{"text": text, "even": "yes" if i % 2 == 0 else "no"} for i, (text, _) in enumerate(texts(20))]
    table(at_hand / "some.csv", some)
    assert status("evaluate", model, "some.csv", "--target", "even", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {"even", "overall"}


def test_report_and_card_name_every_target(model: Path) -> None:
    report, card = ((model / name).read_text(encoding="utf-8") for name in ("report.html", "README.md"))
    assert "Together or alone" in report
    assert "<h3>topic</h3>" in report  # what is taken for what, target by target
    for target in TARGETS:
        assert target in card


def test_in_python_targets_are_a_list_and_labels_mappings(tickets: Path, at_hand: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": text, "topic": topic, "even": "ny"[i % 2]} for i, (text, topic) in enumerate(texts(45))
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    found = headstart.fit(
        columns,
        target=["topic", "even"],
        backbone="local/tiny_bert",
        strategy="feature_extraction:depths=false",
        quiet=True,
    )
    (said,) = found.predict([rows[0]["text"]])
    assert set(said) == {"topic", "even"}


def test_further_tables_share_the_trunk(at_hand: Path) -> None:
    made = texts(80)
    table(at_hand / "topics.csv", [{"text": text, "topic": topic} for text, topic in made[:50]])
    table(at_hand / "marks.csv", [{"text": text, "mark": f"{i * 0.3:.1f}"} for i, (text, _) in enumerate(made[40:])])
    given = ["topics.csv", "--target", "topic", "--also", "marks.csv:mark"]
    assert status("fit", *given, "--out", "m", *TEXT_PROBE) == 0
    result = result_of(Path("m"))
    assert set(result["test"]) == {"topic", "mark"}
    assert sum(result["examples"].values()) == 90


def test_a_further_table_of_the_same_target_adds_rows(at_hand: Path) -> None:
    made = [{"text": text, "topic": topic} for text, topic in texts(60)]
    table(at_hand / "a.csv", made[:40])
    table(at_hand / "b.csv", made[40:])
    examples = read_all(Request("a.csv", input="text", target="topic"), ["b.csv:topic"])
    assert examples.targets == [row["topic"] for row in made]
    assert status("fit", "a.csv", "--target", "topic", "--also", "b.csv:topic", "--out", "m", *TEXT_PROBE) == 0
    result = result_of(Path("m"))
    assert (result["task"], sum(result["examples"].values())) == ("classification", 60)


def test_the_command_for_a_target_alone_names_every_table_that_holds_it() -> None:
    backbone = toy_backbone()
    also = ("b.csv:topic", "c.csv:mark", "d.csv:mark")
    spec = FitSpec("a.csv", input="words", target="topic,even", also=also, task="multi_task")
    topic, mark = (_command(spec, target, backbone) for target in ("topic", "mark"))
    assert topic.startswith("headstart fit a.csv --input words --target topic --also b.csv:topic ")
    assert "c.csv" not in topic
    assert mark.startswith("headstart fit c.csv --target mark --also d.csv:mark ")
    assert "--task" not in topic + mark


def test_a_table_without_any_target_of_the_model_is_told(
    model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(at_hand / "other.csv", [{"text": text, "foo": topic} for text, topic in texts(20)])
    assert status("evaluate", model, "other.csv") == 1
    assert "other.csv holds none of the targets of this model: topic, even, number." in capsys.readouterr().err


def test_rows_of_a_further_table_have_its_target_alone(at_hand: Path) -> None:
    table(at_hand / "a.csv", [{"text": f"{text} a", "topic": topic} for text, topic in texts(12)])
    table(
        at_hand / "b.csv", [{"text": text, "mark": "xy"[i % 2], "user": "u"} for i, (text, _) in enumerate(texts(8))]
    )
    examples = read_all(Request("a.csv", input="text", target="topic"), ["b.csv:mark"])
    assert examples.further == {"user": [None] * 12 + ["u"] * 8}
    targets = list(examples.targets or [])
    assert targets[0] == {"topic": "animals", "mark": None}
    assert targets[-1] == {"topic": None, "mark": "y"}
    assert examples.columns["target"] == "topic,mark"
    assert examples.ids[0] == "a.csv row 2"
    assert examples.ids[12] == "b.csv row 2"


def test_the_groups_of_all_tables_are_the_same_groups(at_hand: Path) -> None:
    rows = [{"text": text, "topic": topic, "mark": "xy"[i % 2]} for i, (text, topic) in enumerate(texts(12))]
    table(at_hand / "a.csv", [row | {"user": "uv"[i % 2]} for i, row in enumerate(rows)])
    table(at_hand / "b.csv", [row | {"user": "vw"[i % 2]} for i, row in enumerate(rows[:8])])
    table(at_hand / "c.csv", rows[:6])
    request = Request("a.csv", input="text", target="topic", group="user")
    examples = read_all(request, ["b.csv:mark"])
    assert list(examples.groups or []) == ["u", "v"] * 6 + ["v", "w"] * 4
    assert "user" not in examples.further
    examples = read_all(request, ["c.csv:mark"])
    assert len(set(examples.groups or [])) == 2 + 6
    assert "Without a column 'user', each row of c.csv is a group of its own." in examples.notes


def test_a_row_without_any_target_is_named(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": text, "topic": topic, "even": "ny"[i % 2]} for i, (text, topic) in enumerate(texts(30))]
    rows[3] |= {"topic": "", "even": ""}
    table(at_hand / "t.csv", rows)
    assert status("fit", "t.csv", "--target", "topic,even", "--out", "m", *TEXT_PROBE) == 1
    said = capsys.readouterr().err
    assert "t.csv row 5: none of the targets topic, even is there" in said


def test_a_mistake_says_in_which_of_the_columns_it_is(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": text, "topic": topic, "mark": f"{i * 0.3:.1f}"} for i, (text, topic) in enumerate(texts(30))]
    rows[3]["mark"] = "seven"
    table(at_hand / "t.csv", rows)
    assert status("fit", "t.csv", "--target", "topic,mark", "--out", "m", *TEXT_PROBE) == 1
    assert "t.csv row 5, column 'mark': the target 'seven'" in capsys.readouterr().err


def test_a_further_table_that_is_not_there(messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fit", messages, "--target", "topic", "--also", "no.csv:mark", *TEXT_PROBE) == 1
    assert "--also no.csv:mark: There is no no.csv" in capsys.readouterr().err


def test_where_the_trunk_trains_each_target_is_trained_alone_as_deep(
    at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": text, "topic": topic, "even": "ny"[i % 2]} for i, (text, topic) in enumerate(texts(60))]
    table(at_hand / "t.csv", rows)
    deep = ("--backbone", "local/tiny_bert", "--strategy", "fine_tuning:freeze_depth=2,epochs=2")
    assert status("fit", "t.csv", "--target", "topic,even", "--out", "m", *deep) == 0
    said = capsys.readouterr()
    assert "the tasks are balanced by" in said.err
    result = result_of(Path("m"))
    assert {task["target"]: task["rung"] for task in result["tasks"]} == {
        "topic": "fine_tuning_from_2",
        "even": "fine_tuning_from_2",
    }
    for task in result["tasks"]:
        value, low, high = task["gain"]
        assert low <= value <= high
        assert value == pytest.approx(task["together"][0] - task["alone"][0])
        assert bool(task["command"]) == (high < 0)


def test_without_the_time_they_are_compared_on_the_frozen_trunk(
    at_hand: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from headstart.experiment.fitting import alone

    monkeypatch.setattr(alone, "OF_WHAT_IS_LEFT", 0.0)
    rows = [{"text": text, "topic": topic, "even": "ny"[i % 2]} for i, (text, topic) in enumerate(texts(60))]
    table(at_hand / "t.csv", rows)
    deep = ("--backbone", "local/tiny_bert", "--strategy", "fine_tuning:freeze_depth=2,epochs=1,balancing=plain")
    assert status("fit", "t.csv", "--target", "topic,even", "--out", "m", *deep) == 0
    assert "Training each task alone as deep" in capsys.readouterr().out
    assert {task["rung"] for task in result_of(Path("m"))["tasks"]} == {"feature_extraction"}
