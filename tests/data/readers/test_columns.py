"""Which column is the input and which the target, and what the targets are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.examples import Examples
from headstart.data.readers.arrays import Arrays
from headstart.data.readers.base import Request
from headstart.data.readers.delimited import Delimited

TEXTS = ["a long text", "another long text", "one more text", "and the last text"]


def read(columns: dict[str, list[Any]], **asked: Any) -> Examples:
    return Arrays().read(Request(columns, **asked))


def mistake(columns: dict[str, list[Any]], **asked: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(columns, **asked)
    return str(raised.value)


def test_the_longest_text_is_the_input_and_a_usual_name_the_target() -> None:
    examples = read(
        {"Label": ["x", "y", "x", "y"], "title": ["a", "b", "c", "d"], "body": TEXTS, "rating": [1, 2, 3, 4]}
    )
    assert examples.references == TEXTS
    assert examples.targets == ["x", "y", "x", "y"]
    assert examples.notes[-1] == "Columns: input 'body', target 'Label'; not used: 'title', 'rating'."


def test_the_other_of_two_columns_is_the_target() -> None:
    assert read({"body": TEXTS, "stars": [1, 2, 3, 4]}).targets == [1, 2, 3, 4]


def test_a_target_that_cannot_be_told() -> None:
    assert "'label', 'class'" in mistake({"t": TEXTS, "label": list("xyxy"), "class": list("xyxy")})
    assert "--target stars" in mistake({"t": TEXTS, "stars": [1, 2, 3, 4], "votes": [1, 2, 3, 4]})
    assert "no column besides 't'" in mistake({"t": TEXTS})


def test_a_first_row_that_is_an_example_is_told_from_one_of_names() -> None:
    columns = {"I cannot log in": TEXTS, "spam": ["spam", "ham", "spam", "ham"]}
    assert "the first row should name the columns, and looks like an example" in mistake(columns)
    assert "'2' is also a target of other rows" in mistake({"I cannot log in": TEXTS, "2": [1, 2, 1, 2]})
    assert read(columns, target="spam").targets == ["spam", "ham", "spam", "ham"]


def test_columns_that_do_not_exist_are_named_together() -> None:
    message = mistake({"text": TEXTS, "label": list("xyxy")}, input="txt", target="lable", group="owner")
    assert "there is no column 'txt'. Did you mean 'text'?" in message
    assert "there is no column 'lable'. Did you mean 'label'?" in message
    assert "there is no column 'owner'" in message
    assert "cannot be both" in mistake({"text": TEXTS}, input="text", target="text")


def test_a_table_of_numbers_has_no_input() -> None:
    assert "Tables of numbers alone" in mistake({"a": [1, 2], "b": ["3", "4"], "label": [0, 1]})


def test_for_prediction_a_missing_target_is_no_mistake() -> None:
    examples = read({"text": TEXTS, "label": ["", None, "x", "y"]}, target="label", needs_targets=False)
    assert examples.targets is None
    assert read({"text": TEXTS}, target="label", needs_targets=False).references == TEXTS
    assert read({"label": ["a very long label indeed " * 3], "text": ["short"]}, needs_targets=False).references == [
        "short"
    ]


def test_a_column_of_existing_images_goes_before_a_longer_text(tmp_path: Path, make: Any) -> None:
    for i in range(4):
        make.picture(tmp_path / "scans" / f"{i}.png", seed=i)
    rows = "".join(
        f"a very long caption of a scan {i},scans/{i}.png,{'ill' if i % 2 else 'well'}\n" for i in range(4)
    )
    table = make.write(tmp_path / "scans.csv", "caption,path,finding\n" + rows)
    examples = Delimited().read(Request(table, target="finding"))
    assert examples.modality == "image"
    assert examples.references[1] == tmp_path / "scans" / "1.png"
    texts = Delimited().read(Request(table, target="finding", input="caption"))
    assert texts.modality == "text"


def test_a_split_column_is_kept() -> None:
    examples = read({"text": TEXTS, "label": list("xxyy"), "split": ["train", "val", "Test", "train"]}, fits=False)
    assert examples.splits == ["train", "validation", "test", "train"]


def test_rows_in_no_known_split_are_all_named() -> None:
    columns = {"text": [*TEXTS, "a fifth text", "a sixth text"], "label": list("xyxyxy")}
    words = ["train", "train", "holdout", "Training", None, "val"]
    message = mistake(columns | {"split": words}, needs_targets=False)
    assert "column 'split': 2 of 6 rows are in no known split" in message
    assert "row 2: 'holdout' is no split's name" in message
    assert "row 4: the split is missing" in message
    assert "row 3" not in message
    for asked in ({"keeps_splits": False}, {"input": "text", "target": "split"}):
        assert (
            read(columns | {"split": ["train", "train", "test", "train", "x", "x"]}, fits=False, **asked).splits
            is None
        )


def test_a_column_that_is_called_like_splits_and_holds_other_words_is_none() -> None:
    for words in (list("aabb"), ["train", "bus", "car", "bus"], ["val", "test", "val", "other"]):
        assert read({"text": TEXTS, "label": list("xyxy"), "subset": words}).splits is None


def test_groups_are_words_and_complete() -> None:
    assert read({"text": TEXTS, "label": list("xyxy"), "owner": [7, 7, 8, 8]}, group="owner").groups == list("7788")
    assert "row 2: the group is missing" in mistake(
        {"text": TEXTS, "label": list("xyxy"), "owner": [7, 7, None, 8]}, group="owner"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1", "2", "1", "2"], [1, 2, 1, 2]),
        (["1.5", "2", "-3e2", ".5"], [1.5, 2, -300.0, 0.5]),
        (["007", "123", "007", "123"], ["007", "123", "007", "123"]),  # codes, not numbers
        ([" yes", "no ", "yes", "no"], ["yes", "no", "yes", "no"]),
        ([True, False, True, False], ["True", "False", "True", "False"]),
        (["none", "some", "none", "some"], ["none", "some", "none", "some"]),  # a class may be called none
        ([["a"], ["a", "b"], [], ["b"]], [["a"], ["a", "b"], [], ["b"]]),
        (["a|b", "a", "", "b|c"], ["a|b", "a", "", "b|c"]),  # sets of labels: none of them is an answer
    ],
)
def test_targets_keep_their_kind(given: list[Any], expected: list[Any]) -> None:
    targets = read({"text": TEXTS, "label": given}).targets
    assert targets == expected
    assert [type(t) for t in targets or []] == [type(t) for t in expected]


def test_every_missing_target_is_named() -> None:
    message = mistake({"text": TEXTS, "label": ["yes", "", None, float("nan")]})
    assert "3 of 4 targets cannot be used" in message
    assert all(f"row {row}: the target is missing" in message for row in (1, 2, 3))
    assert "row 1: the target is missing" in mistake({"text": TEXTS, "label": ["1", "NA", "2", "3"]})


def test_mixed_targets_are_named() -> None:
    message = mistake({"text": TEXTS, "label": ["1", "2", "many", "3"]})
    assert "row 2: the target 'many' is a word where 3 others are numbers" in message
    # A comma is too common in names to make an empty cell an answer.
    assert "row 1: the target is missing" in mistake(
        {"text": TEXTS, "label": ["Rome, Italy", "", "Bonn, Germany", "x"]}
    )
    message = mistake({"text": TEXTS, "label": ["a", ["a", "b"], "b", 3]})
    assert "row 1" in message
    assert "row 3" in message
    assert "infinite" in mistake({"text": TEXTS, "label": [1.0, 2.0, float("inf"), 3.0]})


def test_a_class_with_one_example_is_refused_where_words_are_classes() -> None:
    columns = {"text": [*TEXTS, "x y", "z"], "label": ["a", "a", "b", "b", "b", "c"]}
    assert "class 'c': it has one training example, row 5" in mistake(columns)
    assert len(read(columns, fits=False)) == 6
    assert "one class, 'a'" in mistake({"text": TEXTS, "label": ["a"] * 4})
    # Words that are nearly all different are texts to produce, not classes.
    assert read({"text": TEXTS, "label": ["un", "deux", "trois", "quatre"]}).targets == [
        "un",
        "deux",
        "trois",
        "quatre",
    ]


def test_further_columns_are_kept_if_their_cells_are_plain() -> None:
    columns = {"text": ["one", "two"], "label": ["a", "b"], "user": ["u1", None], "when": [1, 2.5], "box": [[1], [2]]}
    found = read({**columns, "split": ["train", "test"]}, fits=False)
    assert found.further == {"user": ["u1", None], "when": [1, 2.5]}
    assert found.select([1]).further == {"user": [None], "when": [2.5]}


def test_a_text_may_begin_as_a_path_in_the_home_folder_of_nobody() -> None:
    assert read({"body": ["~5 minutes late", *TEXTS], "stars": [1, 2, 3, 4, 5]}).references[0] == "~5 minutes late"
    assert read({"body": ["~5 minutes late", *TEXTS], "stars": [1, 2, 3, 4, 5]}, input="body").modality == "text"
