"""headstart: transfer learning with evidence. Importing it loads no torch."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_FACE = {
    "adapt": "headstart.experiment.adapting",
    "check": "headstart.experiment.checking",
    "extend": "headstart.experiment.extending",
    "fit": "headstart.experiment.flow",
    "label": "headstart.experiment.labelling",
    "load": "headstart.delivery.artifact",
    "pretrain": "headstart.experiment.pretraining",
    "rank": "headstart.experiment.ranking",
    "Model": "headstart.delivery.artifact",
    "HeadstartClassifier": "headstart.estimator",
    "HeadstartRegressor": "headstart.estimator",
}

__all__ = [
    "HeadstartClassifier",
    "HeadstartRegressor",
    "Model",
    "__version__",
    "adapt",
    "check",
    "extend",
    "fit",
    "label",
    "load",
    "pretrain",
    "rank",
]


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
