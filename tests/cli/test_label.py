"""``headstart label``: for people and for scripts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import headstart
from headstart.core.errors import UsageError
from headstart.experiment.labelling import label
from small_world import paint, status, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")


def test_what_a_model_was_adapted_to_has_no_label_yet(photo_model: Path, photos: Path) -> None:
    model = headstart.load(photo_model)
    guard, everything = model.needed_guard, 42
    own = label(model, photos, everything).known
    assert len(own) == len(guard.ids) + len(guard.held_out)
    model.guard = replace(guard, targets=[f"{guard.targets[0]} (predicted)", *guard.targets[1:]])
    assert label(model, photos, everything).known == own, "a class may be called so"
    model.provenance = {**model.provenance, "adapted_by": "standardise"}
    found = label(model, photos, everything)
    assert len(found.known) == len(guard.ids) - 1
    assert len(found.candidates) == everything - len(found.known)


@pytest.fixture
def unlabelled(at_hand: Path) -> Path:
    """Loose pictures without classes."""
    painted = paint(at_hand / "painted", {"apple": 4, "lime": 4, "plum": 4}, seed=9)
    (at_hand / "loose").mkdir()
    for path in sorted(painted.rglob("*.png")):
        path.rename(at_hand / "loose" / f"{path.parent.name}{path.name}")
    return at_hand / "loose"


def test_a_csv_of_the_most_useful(photo_model: Path, unlabelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("label", photo_model, unlabelled, "--count", "5") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == [
        "id", "rank", "label", "probability", "runner_up", "runner_up_probability", "is_unfamiliar",
    ]  # fmt: skip
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert all((unlabelled / row["id"]).exists() for row in rows)
    assert all(row["label"] != row["runner_up"] for row in rows)
    assert all(float(row["probability"]) >= float(row["runner_up_probability"]) for row in rows)


def test_what_the_model_learnt_from_is_left_out(
    photo_model: Path, photos: Path, unlabelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((photos / "apple").glob("*.png"))[:5]:
        (unlabelled / f"known{path.name}").write_bytes(path.read_bytes())
    assert status("label", photo_model, unlabelled, "--json", "--count", "99") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert sorted(found["known"]) == [f"known0{i}.png" for i in range(5)]
    assert len(found["to_label"]) == 12
    assert "known00.png and 4 more, whose equals the model knows" in said.err


def test_rows_of_a_table_come_with_their_text(message_model: Path, at_hand: Path) -> None:
    table(at_hand / "new.csv", [{"text": text} for text, _ in texts(9, seed=4)])
    ranked = label(message_model, at_hand / "new.csv", 3)
    assert [each.rank for each in ranked.candidates] == [1, 2, 3]
    assert all(each.id.startswith("new.csv row ") for each in ranked.candidates)
    assert all(each.text in {text for text, _ in texts(9, seed=4)} for each in ranked.candidates)


def test_a_file_is_written_whole(message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(at_hand / "new.csv", [{"text": text} for text, _ in texts(6, seed=4)])
    assert status("label", message_model, "new.csv", "--out", "next.csv") == 0
    assert capsys.readouterr().out == ""
    with (at_hand / "next.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--count", "0"), "ask for 1 or more"), (("--out", "next.xlsx"), "must end in .csv")],
)
def test_wrong_usage(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str], said: str
) -> None:
    table(at_hand / "new.csv", [{"text": text} for text, _ in texts(6)])
    assert status("label", message_model, "new.csv", *options) == 2
    assert said in capsys.readouterr().err


def test_numbers_have_no_probabilities(at_hand: Path) -> None:
    said, _ = zip(*texts(40), strict=True)
    model = headstart.fit(
        (list(said), [i + 0.5 for i in range(40)]), backbone="tiny_bert", strategy="feature_extraction", quiet=True
    )
    with pytest.raises(UsageError, match="cannot say what it is unsure of"):
        label(model, list(said))


def test_of_sets_of_labels_the_least_sure_decision_counts(at_hand: Path) -> None:
    said, topics = zip(*texts(60), strict=True)
    sets = [[topic, "even"] if i % 2 else [topic] for i, topic in enumerate(topics)]
    model = headstart.fit(
        (list(said), sets), task="multi_label", backbone="tiny_bert", strategy="feature_extraction", quiet=True
    )
    new = [text for text, _ in texts(12, seed=7)]
    probable = model.predict_proba(new)
    ranked = label(model, new, 12)
    for each in ranked.candidates:
        row = probable[new.index(each.text or "")]
        least = int(abs(row - 0.5).argmin())
        assert each.runner_up == model.labels[least]
        assert each.runner_up_probability == pytest.approx(row[least], abs=1e-4)
