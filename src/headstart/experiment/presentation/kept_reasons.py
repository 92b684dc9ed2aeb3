"""Explanations kept for the next fit that comes to the same network, as it does on the same examples."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from headstart.core.files import digest
from headstart.core.judged import measured
from headstart.core.kept import Kept
from headstart.delivery.artifact import Model
from headstart.delivery.report.evidence import Explained, Near, Reason
from headstart.frozen.activations import weights_digest

REASONS = "4"
"""To be changed with what an explanation says or how it is shown: those kept by another are then made anew."""


@dataclass(frozen=True)
class KeptReasons:
    """Where explanations of a model's predictions lie; ``of`` is a digest of what they follow from, but the input."""

    kept: Kept
    of: str

    @classmethod
    def by(cls, model: Model, kept: Kept, seed: int) -> KeptReasons:
        """Those of `model` as it is."""
        weights = weights_digest(model.network.state_dict())
        near = digest(*model.guard.ids) if model.guard else ""
        parts = [model.task.describe(), dict(model.calibration), measured(model.result), seed]
        told = json.dumps(parts, sort_keys=True, default=str)
        return cls(kept, digest("reasons", REASONS, weights, near, told))

    def read(self, told: Explained, key: str) -> Explained | None:
        """`told`, which has no reasons yet, with those that were kept under `key`; None where there are none."""
        content = self.kept.read(self._file(told, key)) if key else None
        try:
            return None if content is None else _explained(json.loads(content))
        except (ValueError, TypeError, KeyError):  # torn by a power cut
            return None

    def keep(self, made: Explained, key: str) -> None:
        """Keep `made` for the next fit."""
        if key:
            self.kept.keep(self._file(made, key), json.dumps(asdict(made)).encode())

    def _file(self, told: Explained, key: str) -> str:
        said = json.dumps([told.id, told.truth, told.predicted, told.right, told.probability])
        return digest(self.of, key, said)


def _explained(plain: dict[str, Any]) -> Explained:
    reasons = [
        Reason(
            **{
                **reason,
                "near": [Near(*near) for near in reason["near"]],
                "checks": [(passed, said) for passed, said in reason["checks"]],
            }
        )
        for reason in plain["reasons"]
    ]
    return Explained(**{**plain, "reasons": reasons})
