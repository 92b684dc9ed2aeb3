"""Carries out headstart's commands, and says which test examples a model has right."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measure


def headstart(asked: Any, folder: Path, *words: str, store: str = "cache") -> measure.Run:
    """A command carried out in `folder`, with a `store` of this measurement's own.

    Raises
    ------
    RuntimeError : it failed.
    """
    there = {"HEADSTART_MODELS": str(asked.backbones), "HEADSTART_CACHE": str(folder / store)}
    done = measure.run([sys.executable, "-m", "headstart", *words], folder, asked.limit, there)
    if done.status != 0:
        raise RuntimeError(f"headstart {words[0]}: {done.last_words}")
    return done


def answers(asked: Any, folder: Path, model: str, inputs: str, store: str = "cache") -> list[dict[str, Any]]:
    """What the model folder `model` says of each row of the table `inputs`."""
    file = folder / f"{model}.jsonl"
    headstart(asked, folder, "predict", model, inputs, "-o", str(file), store=store)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def marks(said: Sequence[dict[str, Any]], truth: Sequence[str]) -> list[float]:
    """1 for each test example whose label is right, else 0."""
    return [float(str(row["label"]) == label) for row, label in zip(said, truth, strict=True)]
