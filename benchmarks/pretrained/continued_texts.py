"""Continued pretraining on the unlabelled train texts of a set: linear probes before and after, on the test split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from dense_lines._asked import Asked, row
from torch import Tensor

import headstart
from headstart.backbones.texts.language import LanguageBackbone
from headstart.experiment.pretraining.probe import features_now
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks import TASKS
from pretrained._probe import said
from pretrained._texts import few_labelled, gained, reader, unlabelled

WHAT = "continued, texts"
BACKBONES = ("llama_stories260k", "bundled/all-minilm-l6-v2")
PASSES = 1
"""Over the train texts, whatever the backbone and the set."""

SETS = ("sms_spam", "tweet_irony", "rotten_tomatoes")
LABELLED = 500
MUST = "> 0"
"""Of the gain: better than without. That of single sets may miss it, and the table says so."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """For each backbone and set the accuracy before and after, and the paired gain over draws of labelled texts."""
    with asked.workplace() as folder:
        for place, name in enumerate(BACKBONES):
            for of in asked.of(SETS):
                yield from _pair(asked, name, of, folder / f"{place}-{of}")


def _pair(asked: Asked, name: str, of: str, folder: Path) -> Iterator[dict[str, Any]]:
    folder.mkdir()
    tables = unlabelled([of], asked.data, folder)
    made = headstart.pretrain(tables[0], backbone=name, out=folder / "after", epochs=PASSES, budget="10h", quiet=True)
    what, texts = f"{WHAT}: {name.rpartition('/')[2]}", []
    right: dict[str, list[bool]] = {"before": [], "after": []}
    networks = {"before": reader(name), "after": reader(str(folder / "after"))}
    tested: dict[str, Tensor] = {}
    for seed in asked.seeds:
        given = few_labelled(of, asked.data, LABELLED, seed)
        texts += given.test.inputs
        for label, network in networks.items():
            judged = tested.setdefault(label, _features(network, given.test.inputs))
            hits = _right(network, given, judged, seed)
            right[label] += hits
            yield row(what, of, seed, f"accuracy, {label}", sum(hits) / len(hits), "", made.method)
    gain = gained(texts, right["after"], right["before"])
    note = f"{said(gain)}, paired, over {len(asked.seeds)} draws of {LABELLED} labelled texts"  # type: ignore[arg-type]
    yield row(what, of, -1, "gain in accuracy", gain.value, MUST, note)


def _right(network: LanguageBackbone, given: Any, judged: Tensor, seed: int) -> list[bool]:
    """For each test text, of these features, whether the head learnt from the labelled ones is right."""
    task = TASKS.load("classification").from_targets(given.train.labels)
    encoded = task.encode(given.train.labels)
    learnt = _features(network, given.train.inputs)
    head = fit_linear_head(task, learnt, encoded, torch.ones(len(encoded)), seed)
    told = (judged @ head.weight.T + head.bias).argmax(dim=1)
    return [task.labels[int(place)] == label for place, label in zip(told, given.test.labels, strict=True)]


def _features(network: LanguageBackbone, texts: Sequence[str]) -> Tensor:
    """The last features (N, D), computed in the order of lengths."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))

    def decoded(places: Sequence[int]) -> list[dict[str, Tensor]]:
        return [network.preprocess(texts[order[place]]) for place in places]

    found = features_now(network, len(texts), decoded, torch.device("cpu"))
    back = torch.empty(len(order), dtype=torch.long)
    back[order] = torch.arange(len(order))
    return found[back]
