"""A check from Python: what is planted is found, with a backbone and without."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import headstart
from headstart.backbones import SOURCES
from headstart.core.errors import HeadstartError, InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.core.spec import FitSpec
from headstart.experiment import bench
from headstart.experiment.examination.checking import examine
from small_world import paint, table, texts


@pytest.fixture
def conflicting(photos: Path, at_hand: Path) -> Path:
    shutil.copytree(photos, "photos")
    for number in range(4):
        shutil.copy(f"photos/lime/{number:02}.png", f"photos/plum/again{number}.png")
    return at_hand / "photos"


@pytest.mark.parametrize("backbone", ["none", "tiny_resnet"])
def test_conflicting_copies_are_found(conflicting: Path, backbone: str) -> None:
    findings = headstart.check(conflicting, backbone=backbone, engine="eager", quiet=True)
    assert all(isinstance(finding, Finding) for finding in findings)
    (finding,) = [finding for finding in findings if finding.diagnosis == "label_conflicts"]
    assert finding.severity == "serious"
    assert {f"lime/{number:02}.png" for number in range(4)} <= {example.id for example in finding.examples}


def test_it_says_what_was_looked_at(photos: Path, at_hand: Path) -> None:
    without, with_one = (
        examine(FitSpec(photos, backbone=name, engine="eager"), Progress(quiet=True)).looked_at
        for name in ("none", "tiny_resnet")
    )
    assert without.startswith("Looked at 42 images (27 train, 7 validation, 8 test): content, width, height, ")
    assert "features" not in without
    assert "features of local/tiny_resnet, the 3 labels against those features" in with_one


@pytest.mark.parametrize("split", ["test", "validation", "train"])
def test_wrong_labels_are_found_in_every_split(photos: Path, at_hand: Path, split: str) -> None:
    shutil.copytree(photos, "given/train")
    for name in ("validation", "test"):
        paint(at_hand / "given" / name, {"apple": 12, "lime": 12, "plum": 12}, seed=len(name))
    shutil.move(f"given/{split}/lime/03.png", f"given/{split}/plum/wrong.png")
    findings = headstart.check("given", backbone="tiny_resnet", engine="eager", quiet=True)
    (finding,) = [finding for finding in findings if finding.diagnosis == "label_errors"]
    assert finding.examples[0].id == f"{split}/plum/wrong.png"


def test_texts_that_differ_in_case_or_punctuation_are_not_torn_apart_by_the_split(at_hand: Path) -> None:
    rows = [{"text": text, "topic": topic} for text, topic in texts(60)]
    rows += [{"text": row["text"].upper() + "!", "topic": row["topic"]} for row in rows]
    findings = headstart.check(table(at_hand / "twice.csv", rows), target="topic", backbone="none", quiet=True)
    named = {finding.diagnosis for finding in findings}
    assert "duplicates" in named
    assert "leakage" not in named


@pytest.mark.parametrize("group", [None, "auto"])
def test_examples_that_are_all_alike_are_looked_at_undivided(
    at_hand: Path, capsys: pytest.CaptureFixture[str], group: str | None
) -> None:
    rows = [{"text": "The very same text" + "!" * (i % 3), "topic": "ab"[i % 2]} for i in range(30)]
    findings = headstart.check(table(at_hand / "alike.csv", rows), target="topic", group=group, backbone="none")
    assert {"label_conflicts", "duplicates"} <= {finding.diagnosis for finding in findings}
    assert findings[0].summary.startswith("No example can be held out to judge a model by")
    assert "they all belong together (a group, or much the same content). They are looked at undivided." in (
        capsys.readouterr().err
    )


def test_a_backbone_that_reads_texts_against_names_is_told_those_of_the_classes(
    at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = SOURCES.load("transformers_entailment")().tiny("bert")
    monkeypatch.setattr(bench, "load", lambda name: reader)
    rows = [{"text": text, "topic": ("fox", "dog")[i % 2]} for i, (text, _) in enumerate(texts(30))]
    spec = FitSpec(table(at_hand / "t.csv", rows), target="topic", backbone="entails", engine="eager")
    said = examine(spec, Progress(quiet=True)).looked_at
    assert f"features of {reader.card.name}, the 2 labels against those features" in said
    for place, row in enumerate(rows):
        row["topic"] = f"E{10 + place % 2}"
    with pytest.raises(UsageError, match="to `headstart fit`, or take another backbone"):
        examine(replace(spec, data=table(at_hand / "codes.csv", rows)), Progress(quiet=True))


def test_nothing_is_left_behind(photos: Path, at_hand: Path) -> None:
    headstart.check(photos, engine="eager", quiet=True)
    assert not list(at_hand.iterdir())


def test_mistakes(photos: Path, messages: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="There is no nowhere"):
        headstart.check("nowhere", quiet=True)
    with pytest.raises(UsageError, match="no task 'sorting'"):
        headstart.check(photos, task="sorting", quiet=True)
    with pytest.raises(InputError, match="takes images, and these examples are texts"):
        headstart.check(messages, target="topic", backbone="tiny_resnet", quiet=True)
    with pytest.raises(HeadstartError, match=r"--backbone none looks without one"):
        headstart.check(photos, backbone="timm/resnet18", quiet=True)
