"""``headstart fit`` on every kind of source data: what it writes, and what it prints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from headstart.core.by_class import BY_CLASS
from small_world import HUES, PHOTO_PROBE, TEXT_PROBE, result_of, status, table, texts

TOP = [
    "format", "task", "backbone", "chosen", "seed", "rungs", "stopped_because", "test", "seconds", "examples",
    "findings", "engines", "gains",
]  # fmt: skip
RUNG = [
    "name", "strategy", "freeze_depth", "predicted_seconds", "seconds", "trainable_parameters", "validation", "kept",
    "reason",
]  # fmt: skip
GUARD = {"guard.safetensors", "guard.json"}
FILES = {"model.safetensors", "model.json", "README.md", "report.html", "result.json", *GUARD}


def test_class_folders_give_a_whole_model_folder(photo_model: Path) -> None:
    assert {path.name for path in photo_model.iterdir()} == FILES
    assert not photo_model.with_name("model.unfinished").exists()
    result = result_of(photo_model)
    assert result["task"] == "classification"
    assert result["backbone"] == "local/tiny_resnet"
    assert result["examples"] == {"train": 27, "validation": 7, "test": 8, "set_aside": 0}  # a fifth, twice
    assert result["test"]["accuracy"][0] >= 0.8  # the colours are apart in any random projection


def test_the_result_keeps_the_published_contract(photo_model: Path) -> None:
    result = result_of(photo_model)
    assert list(result) == TOP
    assert (result["format"], result["seed"]) == (1, 0)
    for rung in result["rungs"]:
        assert list(rung)[: len(RUNG)] == RUNG  # further keys may only come behind
    assert [rung["name"] for rung in result["rungs"] if rung["kept"]] == [result["chosen"]]
    assert list(result["seconds"]) == ["decode", "forward", "train", "total"]
    assert all(seconds >= 0 for seconds in result["seconds"].values())  # 0 of what an earlier fit left
    assert result["seconds"]["train"] < result["seconds"]["total"]  # the others run beside it, perhaps in threads
    by_class = {name: result["test"].pop(name) for name in BY_CLASS}
    assert all(set(block) <= {"apple", "lime", "plum"} for block in by_class.values())
    for figures in [result["test"], *(rung["validation"] for rung in result["rungs"])]:
        assert {"accuracy", "macro_f1"} <= figures.keys()
        for value, low, high in figures.values():
            assert low <= value <= high
    assert result["findings"]
    for finding in result["findings"]:
        assert list(finding) == ["diagnosis", "severity", "summary", "examples", "next_step"]
        assert finding["severity"] in ("info", "warning", "serious")
        assert all(list(example) in (["id", "score"], ["id", "score", "note"]) for example in finding["examples"])


def test_json_is_one_object_on_stdout_equal_to_the_file(
    at_hand: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("fit", photos, "--out", "m", "--json", *PHOTO_PROBE) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == result_of(at_hand / "m")
    assert said.out.count("\n") == 1
    assert "Split: 27 to learn from" in said.err


def test_a_person_reads_how_good_why_and_what_next(
    at_hand: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("fit", photos, *PHOTO_PROBE) == 0
    said = capsys.readouterr()
    assert "On 8 test examples that it never saw: accuracy 100.0 % (95 % interval 67.6–100.0 %)." in said.out
    for start in ("Chosen:", "Took:", "Next:", "Model:   photos-model", "Report:  photos-model/report.html"):
        assert f"\n{start}" in said.out
    assert "Task: classification: 3 classes found" in said.err
    assert (at_hand / "photos-model" / "report.html").exists()


def test_given_splits_are_kept(at_hand: Path, photos: Path) -> None:
    for split, numbers in {"train": range(8), "val": range(8, 11), "test": range(11, 14)}.items():
        for name in HUES:
            (at_hand / "data" / split / name).mkdir(parents=True)
            for number in numbers:
                shutil.copy(photos / name / f"{number:02}.png", at_hand / "data" / split / name)
    assert status("fit", "data", "--out", "m", *PHOTO_PROBE) == 0
    assert result_of(at_hand / "m")["examples"] == {"train": 24, "validation": 9, "test": 9, "set_aside": 0}


def reads_the_topics(model: Path) -> bool:
    columns = json.loads((model / "model.json").read_text(encoding="utf-8"))["columns"]
    return columns == {"input": "text", "target": "topic"} and result_of(model)["test"]["accuracy"][0] >= 0.8


def test_a_table_of_texts_whose_target_is_named(message_model: Path) -> None:
    assert reads_the_topics(message_model)


def test_a_table_of_image_paths_with_groups(
    at_hand: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pictures of one number, one of each fruit, are a group: none may lie on two sides."""
    from headstart.experiment.fitting import flow

    shutil.copytree(photos, "photos")
    rows = [
        {"path": f"{name}/{number:02}.png", "finding": name, "patient": f"p{number}"}
        for name in HUES
        for number in range(14)
    ]
    table(at_hand / "photos" / "scans.csv", rows)
    seen = []
    monkeypatch.setattr(flow, "prepared", lambda *a, prepared=flow.prepared: seen.append(prepared(*a)) or seen[0])
    options = ("--input", "path", "--target", "finding", "--group", "patient")
    assert status("fit", "photos/scans.csv", *options, "--out", "m", *PHOTO_PROBE) == 0
    parts, groups = seen[0].split, seen[0].examples.groups
    sides = [{groups[i] for i in rows} for rows in (parts.train, parts.validation, parts.test)]
    assert set.union(*sides) == {f"p{number}" for number in range(14)}
    assert sum(map(len, sides)) == 14
    # The table's columns do not stand in the way of a folder of new pictures.
    capsys.readouterr()
    assert status("predict", "m", photos / "lime") == 0
    assert capsys.readouterr().out.count(".png,lime,") == 14


def test_json_lines_with_numbers_for_classes(at_hand: Path) -> None:
    topics = ["animals", "films", "learning"]
    rows = [json.dumps({"text": text, "label": topics.index(topic)}) for text, topic in texts(45)]
    (at_hand / "t.jsonl").write_text("\n".join(rows))
    assert status("fit", "t.jsonl", "--task", "classification", "--out", "m", *TEXT_PROBE) == 0
    task = json.loads((at_hand / "m" / "model.json").read_text())["task"]
    assert task["labels"] == [0, 1, 2]


def test_regression(at_hand: Path) -> None:
    size = {"animals": 1.0, "films": 5.0, "learning": 9.0}
    rows = [{"text": text, "score": size[topic] + i / 100} for i, (text, topic) in enumerate(texts(45))]
    assert status("fit", table(at_hand / "r.csv", rows), "--target", "score", "--out", "m", *TEXT_PROBE) == 0
    result = result_of(at_hand / "m")
    assert result["task"] == "regression"
    assert result["test"]["mae"][0] < 2.7  # always saying the mean, 5.2, errs by 8/3


def test_several_labels(at_hand: Path) -> None:
    rows = [{"text": text, "tags": topic + "|odd" * (i % 2)} for i, (text, topic) in enumerate(texts(45))]
    assert status("fit", table(at_hand / "l.csv", rows), "--target", "tags", "--out", "m", *TEXT_PROBE) == 0
    result = result_of(at_hand / "m")
    assert result["task"] == "multi_label"
    assert result["test"]["macro_f1"][0] > 0.5  # three labels of four can be told from the words


def test_the_ladder_says_why_it_stopped_and_what_it_made_of_each_rung(at_hand: Path, messages: Path) -> None:
    assert status("fit", messages, "--target", "topic", "--backbone", "tiny_bert", "--out", "m") == 0
    result = result_of(at_hand / "m")
    assert result["rungs"][0]["name"] == "feature_extraction"
    assert result["stopped_because"]
    assert "{" not in result["stopped_because"]  # every blank in the sentence is filled in
    assert all(rung["reason"] for rung in result["rungs"])


def test_a_budget_that_is_spent_is_named_as_the_reason(at_hand: Path) -> None:
    rows = [{"text": text, "side": ("heads", "tails")[i // 2 % 2]} for i, (text, _) in enumerate(texts(60))]
    options = ("--target", "side", "--backbone", "tiny_bert", "--budget", "0.01s")
    assert status("fit", table(at_hand / "coins.csv", rows), *options, "--out", "m") == 0
    result = result_of(at_hand / "m")
    assert len(result["rungs"]) == 1
    assert "budget" in result["stopped_because"]


def test_a_few_broken_images_are_set_aside_and_listed(
    at_hand: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos, "photos")
    broken = [Path("photos/apple/00.png"), Path("photos/plum/13.png")]
    for path in broken:
        path.write_bytes(path.read_bytes()[:60])
    assert status("fit", "photos", "--out", "m", *PHOTO_PROBE) == 0
    result = result_of(at_hand / "m")
    assert result["examples"]["set_aside"] == 2
    assert sum(result["examples"].values()) == 42
    said, report = capsys.readouterr().err, (at_hand / "m" / "report.html").read_text()
    for path in broken:
        name = path.relative_to("photos").as_posix()
        assert f"- {name}: the file is damaged or cut short" in said
        assert name in report


def test_the_target_of_a_table_is_found_and_the_default_name_is_one_that_is_free(
    at_hand: Path, messages: Path
) -> None:
    (at_hand / "messages-model").mkdir()
    assert status("fit", messages, *TEXT_PROBE) == 0
    assert reads_the_topics(at_hand / "messages-model-2")
    assert not list((at_hand / "messages-model").iterdir())


def test_a_wanted_sensitivity_is_what_operating_points_reach(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("fit", photos, "--out", "m", "--budget", "30s", "--sensitivity", "95%", "--json", *PHOTO_PROBE) == 0
    said = capsys.readouterr()
    points = json.loads(said.out)["test"]["operating_point"]
    assert points
    assert all(point["at_least"] == {"sensitivity": 0.95} for point in points.values())
    assert all(point["sensitivity"][0] >= 0.95 for point in points.values())
    assert "taken from a probability of" in said.err
    assert "sensitivity is at least 95 %" in (at_hand / "m" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sensitivity", "95%", "--specificity", "90%"], "exclude each other"),
        (["--sensitivity", "0"], "must lie above 0"),
        (["--sensitivity", "95%", "--task", "regression"], "leave out --sensitivity"),
        (["--frame", "640"], "Leave --frame out"),
    ],
)
def test_what_has_no_meaning_for_a_task_is_refused(
    at_hand: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    lines = ["text,label", *(f"a text number {i},{i % 5}.5" for i in range(40))]
    (at_hand / "numbers.csv").write_text("\n".join(lines), encoding="utf-8")
    assert status("fit", "numbers.csv", "--target", "label", *options) == 2
    assert said in capsys.readouterr().err
