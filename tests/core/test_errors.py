"""Errors carry an exit status, every mistake, and the nearest name."""

from __future__ import annotations

import pytest

from headstart.core.errors import (
    FrozenPartChanged,
    HeadstartError,
    InputError,
    Interrupted,
    MissingDependency,
    NotYet,
    Problem,
    UsageError,
    first_line,
    nearest,
)
from headstart.core.optional import require


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HeadstartError, 1),
        (InputError, 1),
        (MissingDependency, 1),
        (FrozenPartChanged, 1),
        (UsageError, 2),
        (NotYet, 2),
        (Interrupted, 130),
    ],
)
def test_exit_statuses_are_those_promised(error: type[HeadstartError], status: int):
    assert error.exit_status == status
    assert issubclass(error, HeadstartError)


def test_a_problem_says_where_what_and_the_fix():
    assert str(Problem("row 3", "no label")) == "row 3: no label"
    assert str(Problem("a.png", "empty file", "delete it")) == "a.png: empty file (delete it)"


def test_all_problems_are_listed_up_to_twenty_and_the_rest_counted():
    error = InputError([Problem(f"row {i}", "no label") for i in range(23)], "3 mistakes:")
    lines = str(error).split("\n")
    assert lines[:2] == ["3 mistakes:", "  - row 0: no label"]
    assert lines[-1] == "  … and 3 more"
    assert len(lines) == 22
    assert len(error.problems) == 23


def test_one_problem_or_a_sentence_will_do():
    assert str(InputError(Problem("a", "b"))) == "a: b"
    assert str(InputError("there is nothing here")) == "there is nothing here"
    assert InputError("there is nothing here").problems == []


def test_the_nearest_name_is_offered_or_none():
    assert nearest("lable", ["label", "text"]) == " Did you mean 'label'?"
    assert nearest("xyz", ["label", "text"]) == ""


def test_a_missing_library_names_the_extra_and_the_purpose():
    with pytest.raises(MissingDependency, match=r"reading parquet needs 'no_such_library'.*headstart\[parquet\]"):
        require("no_such_library.part", "parquet", "reading parquet")
    assert require("json", "none", "nothing").__name__ == "json"


def test_the_first_line_of_an_error_or_its_kind():
    assert first_line(ValueError("no such row\nin the table")) == "no such row"
    assert first_line(AssertionError()) == "AssertionError"
