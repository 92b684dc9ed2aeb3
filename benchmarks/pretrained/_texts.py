"""Texts for what is pretrained: unlabelled train texts, a few labelled ones, and the test split, opened once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from sets import TEXT_SETS, Set, read, write_table
from transfers._means import Mean, mean_of

from headstart.backbones import load, write_folder, written_as
from headstart.backbones.texts.language import LanguageBackbone

__all__ = ["TEXT_SETS", "few_labelled", "gained", "random_copy", "unlabelled"]


def few_labelled(name: str, data: Path, count: int, seed: int) -> Set:
    """The set with `count` labelled train texts, drawn by `seed`, and its whole test split."""
    return read(name, data, count, 0, seed)


def unlabelled(names: Iterable[str], data: Path, folder: Path) -> list[str]:
    """Tables of the train texts of sets, without their labels, written into `folder`; none of a test split."""
    found = []
    for name in names:
        path = folder / f"{name}.csv"
        write_table(path, read(name, data, 0, 0, 0).train, with_labels=False)
        found.append(str(path))
    return found


def random_copy(pretrained: Path, folder: Path, seed: int) -> Path:
    """The same network and tokenizer as in `pretrained`, with random weights, written into `folder`."""
    from headstart.backbones.texts.recurrent_text import RecurrentText, made_anew

    begun = load(pretrained)
    if not isinstance(begun, RecurrentText):
        raise ValueError(f"{pretrained} holds no recurrent network")
    described = begun.describe()
    torch.manual_seed(seed)
    card = replace(begun.card, name="recurrent/random", path="")
    fresh = made_anew(described["recurrent"], described["sizes"], begun.tokenizer, card, described["longest"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fresh.save_assets(folder)
    write_folder(fresh, folder, {**written_as(fresh), "pretraining": "none: random weights"}, "licence: none\n")
    return folder


def gained(texts: list[str], after: list[bool], before: list[bool]) -> Mean:
    """By how much more often the one is right, paired over texts; one that stands there for several seeds is one."""
    return mean_of([(text, float(a) - float(b)) for text, a, b in zip(texts, after, before, strict=True)])


def reader(name: str) -> LanguageBackbone:
    """The text backbone called `name`, one that can learn from texts."""
    found = load(name)
    if not isinstance(found, LanguageBackbone):
        raise ValueError(f"{name} cannot learn from texts alone")
    return found
