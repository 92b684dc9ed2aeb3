"""Examples of another set mixed in under labels of this one, and how well ``outliers`` points to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planted._known_sets import known
from planted._models import area

PAIRS = (("flowers", "vehicles"), ("vehicles", "flowers"), ("banking77", "ag_news"), ("ag_news", "banking77"))
"""A set, and the one that foreign examples are taken from."""

SHARE = 0.02


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Area under the ROC curve of how far each example is said to be, the share of the planted that is listed, and
    how many of the set's own are: some of these may be foreign too."""
    for name, other in PAIRS:
        own, foreign = known(name, data, backbones), known(other, data, backbones)
        for seed in seeds:
            generator = np.random.default_rng(seed)
            count = max(1, round(SHARE * len(own.labels)))
            drawn = generator.permutation(len(foreign.labels))[:count]
            labels = [*own.labels, *(str(label) for label in generator.choice(sorted(set(own.labels)), count))]
            found = _figures(np.concatenate([own.features, foreign.features[drawn]]), labels, count)
            for figure, value in found.items():
                yield {
                    "planted": "2 % from another set", "set": name, "seed": seed, "figure": figure, "value": value,
                    "must": "",
                }  # fmt: skip


def _figures(features: np.ndarray, labels: list[str], count: int) -> dict[str, float]:
    """The last `count` examples are the planted ones."""
    from headstart.diagnosis.base import Evidence
    from headstart.diagnosis.outliers import Outliers, how_far

    far, _ = how_far(features, np.array(labels, dtype=object))
    ids = [str(place) for place in range(len(labels))]
    own = {"train": labels}
    evidence = Evidence(own, {"train": ids}, {}, {}, own, {}, "accuracy", {}, features={"train": features})
    listed = {int(example.id) for finding in Outliers().examine(evidence) for example in finding.examples}
    planted = set(range(len(labels) - count, len(labels)))
    return {
        "area under ROC": area(far[:-count], far[-count:]),
        "planted that are listed": len(listed & planted) / count,
        "others that are listed": float(len(listed - planted)),
    }
