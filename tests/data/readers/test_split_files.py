"""A folder of train and test tables is one table with given splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.readers.base import Request
from headstart.data.readers.split_files import SplitFiles

TABLE = "text,label\nso good,yes\nso bad,no\nrather good,yes\nrather bad,no\n"


def test_formats_may_differ_and_train_comes_first(tmp_path: Path, make: Any) -> None:
    make.write(tmp_path / "train.csv", TABLE)
    make.write(tmp_path / "dev.tsv", TABLE.replace(",", "\t"))
    make.write(tmp_path / "test.jsonl", '{"label": "no", "text": "x"}\n')
    make.write(tmp_path / "README.txt", "not a table")
    examples = SplitFiles().read(Request(tmp_path))
    assert examples.splits == ["train"] * 4 + ["validation"] * 4 + ["test"]
    assert examples.ids[0] == "train.csv row 2"
    assert examples.ids[-1] == "test.jsonl row 1"


def test_decimal_commas_are_told_by_any_of_the_tables(tmp_path: Path, make: Any) -> None:
    make.write(tmp_path / "train.tsv", "text\tprice\nso good\t5,05\nso bad\t1,250\n")
    make.write(tmp_path / "test.tsv", "text\tprice\nbest\t1,750\nworst\t2\n")
    assert SplitFiles().read(Request(tmp_path)).targets == [5.05, 1.25, 1.75, 2]


def test_a_column_that_one_table_lacks(tmp_path: Path, make: Any) -> None:
    make.write(tmp_path / "train.csv", TABLE)
    make.write(tmp_path / "test.csv", "text,labels\nx,yes\n")
    with pytest.raises(InputError, match=r"test.csv: there is no column 'label'. Did you mean 'labels'\?"):
        SplitFiles().read(Request(tmp_path))


def test_the_files_say_the_splits_and_not_a_column(tmp_path: Path, make: Any) -> None:
    rows = TABLE.replace("\n", ",train\n").replace("label,train", "label,split").rstrip().removesuffix("train")
    make.write(tmp_path / "train.csv", rows + "holdout\n")
    make.write(tmp_path / "test.csv", "text,label,split\nx,yes,test\n")
    examples = SplitFiles().read(Request(tmp_path))
    assert examples.splits == ["train"] * 4 + ["test"]
    assert "not used: 'split'" in examples.notes[-1]


def test_further_columns_of_all_tables(tmp_path: Path, make: Any) -> None:
    make.write(
        tmp_path / "train.csv", TABLE.replace("label", "label,user").replace("yes", "yes,u1").replace("no", "no,u2")
    )
    make.write(tmp_path / "test.csv", TABLE)
    examples = SplitFiles().read(Request(tmp_path, input="text", target="label"))
    assert examples.further == {"user": ["u1", "u2", "u1", "u2", *[None] * 4]}


def test_two_tables_of_one_split(tmp_path: Path, make: Any) -> None:
    make.write(tmp_path / "train.csv", TABLE)
    make.write(tmp_path / "train.tsv", TABLE)
    with pytest.raises(InputError, match=r"several tables: train.csv, train.tsv"):
        SplitFiles().read(Request(tmp_path))


def test_a_real_set(shared: Path) -> None:
    examples = SplitFiles().read(Request(shared / "data" / "tweet_irony"))
    assert Counter(examples.splits or []) == {"train": 2861, "validation": 955, "test": 784}  # data/INDEX.csv


def test_a_class_of_the_test_table_alone_is_refused_unless_splits_are_dissolved(tmp_path: Path, make: Any) -> None:
    make.write(tmp_path / "train.csv", TABLE)
    make.write(tmp_path / "test.csv", "text,label\nso so,perhaps\nas before,perhaps\n")
    with pytest.raises(InputError, match="class 'perhaps': it has no training example"):
        SplitFiles().read(Request(tmp_path))
    examples = SplitFiles().read(Request(tmp_path, keeps_splits=False))
    assert Counter(examples.targets or []) == {"yes": 2, "no": 2, "perhaps": 2}
