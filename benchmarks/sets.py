"""The data sets of the benchmark, read the same way for every method."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

IMAGE_SETS = ("vehicles", "flowers", "chest_xray", "cifar10_mini")
TEXT_SETS = ("sms_spam", "rotten_tomatoes", "banking77", "tweet_irony", "ag_news")
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Split:
    """N inputs (absolute image paths, or strings) with their labels."""

    inputs: list[str]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Set:
    """One data set: what is trained on, what is tested on, and the folder it came from."""

    name: str
    modality: str
    folder: Path
    train: Split
    test: Split


def names(asked: str) -> list[str]:
    """The sets that ``images``, ``text``, ``all`` or a comma-separated list names.

    Raises
    ------
    ValueError : names an unknown set; lists the known ones.
    """
    groups = {"images": IMAGE_SETS, "text": TEXT_SETS, "all": IMAGE_SETS + TEXT_SETS}
    wanted = [name for part in asked.split(",") for name in groups.get(part.strip(), (part.strip(),))]
    if unknown := [name for name in wanted if name not in groups["all"]]:
        raise ValueError(f"unknown sets: {', '.join(unknown)}; known: {', '.join(groups['all'])}, images, text, all")
    return list(dict.fromkeys(wanted))


def read(name: str, data: Path, rows: int, test_rows: int, seed: int) -> Set:
    """The set `name` under the folder `data`; texts are subsampled to `rows` and `test_rows` (0 keeps all)."""
    folder = (data / name).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such data set; --data names the folder that holds the sets")
    if name in IMAGE_SETS:
        return Set(name, "image", folder, _class_folders(folder / "train"), _class_folders(folder / "test"))
    train = _table(folder / "train.csv")
    if (folder / "val.csv").exists():
        more = _table(folder / "val.csv")
        train = Split(train.inputs + more.inputs, train.labels + more.labels)
    test = _table(folder / "test.csv")
    return Set(name, "text", folder, _subsample(train, rows, seed), _subsample(test, test_rows, seed))


def write_table(path: Path, split: Split, with_labels: bool = True) -> None:
    """Write texts as a CSV with the columns ``text`` and, if asked, ``label``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"] if with_labels else ["text"])
        pairs = zip(split.inputs, split.labels, strict=True)
        writer.writerows([text, label] if with_labels else [text] for text, label in pairs)


def _class_folders(folder: Path) -> Split:
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES)
    return Split([str(path) for path in paths], [path.parent.name for path in paths])


def _table(path: Path) -> Split:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Split([row["text"] for row in rows], [row["label"] for row in rows])


def _subsample(split: Split, rows: int, seed: int) -> Split:
    """A stratified draw of `rows`, in random order; the whole split where it is no larger."""
    if not rows or rows >= len(split):
        return split
    inputs, _, labels, _ = train_test_split(
        split.inputs, split.labels, train_size=rows, stratify=split.labels, random_state=seed
    )
    return Split(inputs, labels)
