"""What of the evidence belongs together: examples of the same content, of much the same, or of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.core.units import units_of
from headstart.diagnosis.base import Evidence


def units_among(evidence: Evidence, ids: Mapping[str, Sequence[str]]) -> np.ndarray | None:
    """Numbers (N,) of what belongs together, split by split of `ids`; None where nothing is known of that."""
    columns = (evidence.fingerprints, evidence.normalised, evidence.alike, evidence.groups)
    known = [each for each in columns if all(len(each.get(split, ())) == len(own) for split, own in ids.items())]
    return units_of(*([name for split in ids for name in column[split]] for column in known)) if known else None
