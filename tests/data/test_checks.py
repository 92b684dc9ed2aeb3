"""Checking sets the unreadable aside and finds conflicts, leaks and giveaways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities.base import Look
from headstart.data.modalities.image import Image
from headstart.data.modalities.text import Text


class Seen(dict[str, Look]):
    """A memory of looks that only holds them."""

    def add(self, fingerprints: Sequence[str], looks: Sequence[Look]) -> None:
        self.update(zip(fingerprints, looks, strict=True))


def texts(
    references: list[Any], targets: list[Any] | None = None, splits: list[str | None] | None = None
) -> Examples:
    return Examples("text", references, [f"row {i}" for i in range(len(references))], targets, splits)


def checked(examples: Examples) -> Checked:
    return check(examples, Text(), Progress(quiet=True), Seen(), Stopwatch())


def pictures(examples: Examples) -> Checked:
    return check(examples, Image(), Progress(quiet=True), Seen(), Stopwatch())


def test_a_tenth_is_set_aside_and_more_is_an_error(tmp_path: Path, make: Any) -> None:
    paths = [make.picture(tmp_path / f"{i}.png", seed=i) for i in range(9)]
    bad = make.write(tmp_path / "bad.png", b"")
    ids = [*(f"{i}.png" for i in range(9)), "bad.png"]
    found = check(
        Examples("image", [*paths, bad], ids, list("aaaaabbbbb")), Image(), Progress(quiet=True), Seen(), Stopwatch()
    )
    assert [str(problem) for problem in found.set_aside] == ["bad.png: the file is empty (0 bytes)"]
    assert list(found.examples.ids) == ids[:9]
    assert found.examples.targets == list("aaaaabbbb")
    assert found.fingerprints == [Image().fingerprint(path) for path in paths]
    paths[0].write_bytes(b"cut")
    with pytest.raises(InputError, match="2 of 10 images cannot be used, more than a tenth") as raised:
        pictures(Examples("image", [*paths, bad], ids))
    assert "0.png: the file is no image" in str(raised.value)


def test_a_file_is_read_once(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [make.picture(tmp_path / f"{i}.png", seed=i) for i in range(3)]
    read: list[Path] = []
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: read.append(self) or opened(self, *a, **k))
    found = pictures(Examples("image", paths, [path.name for path in paths]))
    assert len(found.fingerprints) == 3
    assert sorted(read) == paths


def test_conflicts_are_listed_and_kept() -> None:
    found = checked(texts(["same", "other", "same", "same", "other"], ["x", "y", "z", "x", "y"]))
    assert found.conflicts == [("row 0", "row 2", "x", "z")]
    assert len(found.examples) == 5
    assert "different targets once" in found.notes[0]
    assert checked(texts(["same", "same"], [["a", "b"], ["b", "a"]])).conflicts == []
    assert checked(texts(["same", "same"], [1, 1.0])).conflicts == []
    assert checked(texts(["same", "same"])).conflicts == []


def test_leaks_between_given_splits() -> None:
    found = checked(texts(["a", "b", "a", "b", "b"], list("xyxyy"), ["train", "train", "test", "validation", "test"]))
    assert found.leaks == [("row 0", "row 2"), ("row 1", "row 4")]
    assert any("2 test texts also lie outside" in note for note in found.notes)
    assert checked(texts(["a", "a"], ["x", "x"])).leaks == []


def test_a_target_that_stands_in_its_text() -> None:
    good = [f"text {i} that is spam" for i in range(20)] + [f"text {i}, Ham!" for i in range(20)]
    with pytest.raises(InputError, match="the target stands in the text"):
        checked(texts(good, ["spam"] * 20 + ["ham"] * 20))


@pytest.mark.parametrize(
    ("own", "other", "names"),
    [
        ("it is spam", "a letter", ("spam", "ham")),  # only one class's name is there
        ("spam or ham", "ham or spam", ("spam", "ham")),  # both are in both
        ("spammers", "hams", ("spam", "ham")),  # parts of words
        ("is A", "is B", ("A", "B")),  # too short to mean anything
        ("so 3", "so 4", (3, 4)),  # numbers
    ],
)
def test_no_false_alarm(own: str, other: str, names: tuple[Any, Any]) -> None:
    references = [f"{own} {i}" for i in range(20)] + [f"{other} {i}" for i in range(20)]
    assert checked(texts(references, [names[0]] * 20 + [names[1]] * 20)).set_aside == []
