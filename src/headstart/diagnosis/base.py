"""The contract of a diagnosis: evidence in, findings out; the report shows them without knowing who spoke."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core.results import Figures, Finding


@dataclass(frozen=True)
class Evidence:
    """What a finished fit knows, by split name (``train``, ``validation``, ``test``).

    ``targets``, ``ids`` and ``fingerprints`` hold one entry an example; ``figures`` what the chosen model
    reached; ``higher_is_better`` the direction of each figure; ``watched`` the one that decided.
    """

    targets: Mapping[str, Sequence[Any]]
    ids: Mapping[str, Sequence[str]]
    fingerprints: Mapping[str, Sequence[str]]
    figures: Mapping[str, Figures]
    strata: Mapping[str, Sequence[str]]
    mistakes: Mapping[str, np.ndarray]
    watched: str
    higher_is_better: Mapping[str, bool]


class Diagnosis(ABC):
    """Looks for one trouble. File name = plug-in name; the constructor takes nothing."""

    @abstractmethod
    def examine(self, evidence: Evidence) -> list[Finding]:
        """Findings, none when nothing is wrong. Each says what was seen, how serious, and the next step."""
