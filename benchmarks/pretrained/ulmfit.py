"""ULMFiT: a recurrent language model, pretrained and tuned on 200 labelled texts, beside the same from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dense_lines._asked import Asked, row

import headstart
from pretrained._probe import said
from pretrained._texts import few_labelled, gained, random_copy, unlabelled

WHAT = "ulmfit"
SETS = ("rotten_tomatoes", "sms_spam")
LABELLED = 200

ARCHITECTURE = "awd_lstm:embedding=64,hidden=128,layers=3,vocabulary=4000"
PASSES = 3
"""Over the train texts of both sets, without labels."""

STRATEGY = "gradual_unfreezing:epochs=10"
MUST = "> 0"


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """The loss of the language model; for each set and seed both accuracies; the paired gain over seeds."""
    with asked.workplace() as folder:
        texts = unlabelled(SETS, asked.data, folder)
        model = headstart.pretrain(
            texts, architecture=ARCHITECTURE, out=folder / "pretrained", epochs=PASSES, budget="10h", quiet=True
        )
        if model.unmet is not None:  # type: ignore[union-attr]
            before, after = model.unmet  # type: ignore[union-attr]
            yield row(WHAT, "unmet texts", 0, "loss after", after.value, "", f"before {before.value:.3f}")
        for name in asked.of(SETS):
            yield from _set(asked, name, folder)


def _set(asked: Asked, name: str, folder: Path) -> Iterator[dict[str, Any]]:
    texts: list[str] = []
    right: dict[str, list[bool]] = {"pretrained": [], "random": []}
    for seed in asked.seeds:
        given = few_labelled(name, asked.data, LABELLED, seed)
        networks = {"pretrained": folder / "pretrained"}
        networks["random"] = random_copy(networks["pretrained"], folder / f"random{seed}", seed)
        for label, network in networks.items():
            hits = _right(network, given, seed)
            right[label] += hits
            yield row(WHAT, name, seed, f"accuracy, {label}", sum(hits) / len(hits))
        texts += given.test.inputs
    gain = gained(texts, right["pretrained"], right["random"])
    note = f"{said(gain)}, paired, over {len(asked.seeds)} draws of {LABELLED} labelled texts"  # type: ignore[arg-type]
    yield row(WHAT, name, -1, "gain in accuracy", gain.value, "", note)
    yield row(WHAT, name, -1, "low end of the gain", gain.low, MUST)


def _right(network: Path, given: Any, seed: int) -> list[bool]:
    """For each test text whether the network, tuned on the labelled ones, is right."""
    pair = (given.train.inputs, given.train.labels)
    model = headstart.fit(
        pair, backbone=str(network), strategy=STRATEGY, test_share=0.0, seed=seed, budget="10m", quiet=True
    )
    told = model.predict(given.test.inputs)
    return [str(one) == label for one, label in zip(told, given.test.labels, strict=True)]
