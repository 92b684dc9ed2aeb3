"""Where a model comes from – data, backbone, seed, software, date – and what became of it since."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import headstart
from headstart.backbones.base import Card
from headstart.core.files import digest
from headstart.data.checks import Checked

DATA, FINGERPRINT, BACKBONE, LICENCE = "data", "data_fingerprint", "backbone", "backbone_licence"
PROMPTS, SEED = "prompts", "seed"
ADAPTED_TO, ADAPTED_BY = "adapted_to", "adapted_by"
"""Keys of ``provenance`` in ``model.json`` that are read again."""


def provenance_of(card: Card, checked: Checked, seed: int, prompts: Sequence[str] = ()) -> dict[str, Any]:
    """Of a model made from `checked` examples on the backbone of `card`; `prompts` where names made its head."""
    return {
        DATA: checked.examples.source,
        FINGERPRINT: digest(*checked.fingerprints),
        BACKBONE: card.name,
        LICENCE: card.licence,
        "backbone_pretraining": card.pretraining,
        **({PROMPTS: list(prompts)} if prompts else {}),
        SEED: seed,
        **_written(),
        "torch": version("torch"),
        "python": platform.python_version(),
    }


def with_more_examples(before: Mapping[str, Any], checked: Checked, seed: int) -> dict[str, Any]:
    """Of a model to which classes were added by `checked` examples."""
    return {
        **before,
        DATA: f"{before.get(DATA, 'unknown examples')}; extended with {checked.examples.source}",
        FINGERPRINT: digest(str(before.get(FINGERPRINT, "")), *checked.fingerprints),
        SEED: seed,
        **_written(),
    }


def with_adaptation(before: Mapping[str, Any], source: str, adaptation: str) -> dict[str, Any]:
    """Of a model adapted to inputs from `source` by the plug-in of that name."""
    return {**before, ADAPTED_TO: source, ADAPTED_BY: adaptation}


def _written() -> dict[str, str]:
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"created": created, "headstart": headstart.__version__}
