"""headstart: transfer learning with evidence. Importing it loads no torch."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_FACE = {
    "adapt": "headstart.experiment.adaptation.adapting",
    "check": "headstart.experiment.examination.checking",
    "extend": "headstart.experiment.extension.extending",
    "fit": "headstart.experiment.fitting.flow",
    "label": "headstart.experiment.labelling",
    "load": "headstart.delivery.artifact",
    "pretrain": "headstart.experiment.pretraining.pretrain",
    "rank": "headstart.experiment.selection.ranking",
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
