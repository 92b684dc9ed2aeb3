"""``--group auto``: what belongs together by name or column stays in one split, and what was inferred is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.core.errors import InputError
from headstart.experiment.examination import grouping
from small_world import HUES, PROBE, pixels, status, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")

PEOPLE = 12


@pytest.fixture
def clips(at_hand: Path) -> Path:
    """Three pictures of each of 15 clips, five clips a class; noise makes them no near copies."""
    random = np.random.default_rng(0)
    for clip in range(15):
        kind = list(HUES)[clip % 3]
        (at_hand / "clips" / kind).mkdir(parents=True, exist_ok=True)
        picture = np.clip(pixels(HUES[kind], random) * random.uniform(0.5, 1, (1, 1, 3)), 0, 250)
        for number in range(3):
            noisy = (picture + random.uniform(0, 40, picture.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(at_hand / "clips" / kind / f"{number}_clip{clip:03d}.png")
    return at_hand / "clips"


@pytest.fixture
def letters(at_hand: Path) -> Path:
    """Sixty texts, five of each of twelve authors."""
    rows = [{"text": text, "author": f"a{i // 5}", "topic": topic} for i, (text, topic) in enumerate(texts(60))]
    return table(at_hand / "letters.csv", rows)


def split_of(monkeypatch: pytest.MonkeyPatch) -> list[list[list[str]]]:
    """The groups in each split of every division that is made from now on."""
    seen, divided = [], grouping.divided

    def note(*arguments):
        material = divided(*arguments)
        groups = material.examples.groups or []
        split = material.split
        seen.append([sorted({groups[i] for i in rows}) for rows in (split.train, split.validation, split.test)])
        return material

    monkeypatch.setattr(grouping, "divided", note)
    return seen


def test_clips_in_names_stay_whole(
    clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = split_of(monkeypatch)
    assert status("check", clips, "--group", "auto", "--backbone", "none", "--fail-on", "never") == 0
    said = capsys.readouterr()
    assert "Groups: 15 of examples that belong together, read from 'clip' and what follows it (e.g. " in said.err
    assert said.err.count("Split:") == 1
    ((train, validation, test),) = seen
    assert len(train) + len(validation) + len(test) == len({*train, *validation, *test}) == 15
    assert "[groups]" not in said.out


def test_without_it_the_finding_offers_it(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status("check", clips, "--backbone", "none")
    said = capsys.readouterr().out
    assert "The names suggest 15 groups that belong together" in said
    assert "Fit with --group auto" in said


def test_without_it_columns_are_looked_at_too(letters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status("check", letters, "--target", "topic", "--backbone", "none")
    assert "Columns suggest 12 groups that belong together (the column 'author', e.g. " in capsys.readouterr().out


@pytest.fixture
def given(at_hand: Path) -> Path:
    """A folder of tables with given splits that tear each of twelve authors apart."""
    rows = [{"text": text, "author": f"a{i // 5}", "topic": topic} for i, (text, topic) in enumerate(texts(60))]
    (at_hand / "given").mkdir()
    table(at_hand / "given" / "train.csv", [row for i, row in enumerate(rows) if i % 5])
    table(at_hand / "given" / "test.csv", [row for i, row in enumerate(rows) if not i % 5])
    return at_hand / "given"


@pytest.mark.parametrize("group", ["auto", "author"])
def test_given_splits_are_kept_which_is_said_and_found(
    given: Path, group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", given, "--target", "topic", "--group", group, "--backbone", "none") == 3
    said = capsys.readouterr()
    if group == "auto":
        assert "read from the column 'author'" in said.err
        assert "The given splits are kept; what is divided keeps them whole." in said.err
    assert "Each stays in one split" not in said.err
    assert "The given splits part 12 groups" in said.err
    assert "Of 12 groups that were to be kept whole the splits tear 12 apart" in said.out
    assert "check or fit with --split anew" in said.out


@pytest.mark.parametrize("group", ["auto", "author"])
def test_divided_anew_they_stay_whole(
    given: Path, group: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = split_of(monkeypatch)
    options = ("--target", "topic", "--group", group, "--split", "anew", "--backbone", "none", "--fail-on", "never")
    assert status("check", given, *options) == 0
    said = capsys.readouterr()
    assert "The given splits are not kept: the examples are divided anew." in said.err
    assert "[groups]" not in said.out
    for train, validation, test in seen:
        assert len({*train, *validation, *test}) == len(train) + len(validation) + len(test) == PEOPLE


def test_a_fit_divides_anew_and_its_report_repeats_that(given: Path) -> None:
    model = headstart.fit(
        given, target="topic", group="author", split="anew", backbone="tiny_bert", strategy=PROBE[1], quiet=True
    )
    assert model.result.examples.test != PEOPLE
    assert "--split anew" in model.report
    assert not [finding for finding in model.result.findings if finding.diagnosis == "groups"]


def test_authors_in_a_column_stay_whole(
    letters: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = split_of(monkeypatch)
    status("check", letters, "--target", "topic", "--group", "auto", "--backbone", "none")
    assert "Groups: 12 of examples that belong together, read from the column 'author'" in capsys.readouterr().err
    ((train, validation, test),) = seen
    assert len({*train, *validation, *test}) == len(train) + len(validation) + len(test) == PEOPLE


def test_where_there_are_none_the_split_is_random_and_that_is_said(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = headstart.fit(photos, group="auto", backbone="tiny_resnet", strategy=PROBE[1])
    assert (
        "neither names nor columns show examples that belong together; the split is at random"
        in capsys.readouterr().err
    )
    same = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], quiet=True)
    assert model.result.test == same.result.test


def test_groups_that_leave_no_way_to_split_are_given_up(
    clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    divided = grouping.divided

    def refuse(checked, *rest):
        if checked.examples.groups is not None:
            raise InputError("No test examples can be held out.")
        return divided(checked, *rest)

    monkeypatch.setattr(grouping, "divided", refuse)
    assert status("check", clips, "--group", "auto", "--backbone", "none", "--fail-on", "never") == 0
    assert "cannot be kept whole, so the split is at random. No test examples" in capsys.readouterr().err


def test_a_column_called_auto_is_not_taken(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": text, "auto": i // 5, "topic": topic} for i, (text, topic) in enumerate(texts(60))]
    table(at_hand / "cars.csv", rows)
    status("check", "cars.csv", "--target", "topic", "--group", "auto", "--backbone", "none")
    said = capsys.readouterr().err
    assert "to group by the column 'auto', give it another name" in said


def test_features_bear_names_out_with_and_without_a_store(
    clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = split_of(monkeypatch)
    for store in (True, False):
        headstart.fit(clips, group="auto", backbone="tiny_resnet", strategy=PROBE[1], store=store)
    assert seen[0] == seen[1]
    assert capsys.readouterr().err.count("members are more alike than others of their class in") == 2


def test_names_that_say_it_are_heeded_though_their_members_are_not_alike(
    letters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headstart.fit(letters, target="topic", group="auto", backbone="tiny_bert", strategy=PROBE[1])
    assert "read from the column 'author' (e.g. letters.csv row 2, " in capsys.readouterr().err
