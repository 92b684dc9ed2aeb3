"""Duplicates across splits: examples that judge the model are among those it learned from."""

from __future__ import annotations

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.01
_SEEN_BEFORE = {"validation": ("train",), "test": ("train", "validation")}


class DuplicatesAcrossSplits(Diagnosis):
    """Looks for validation examples with the content of a training example, and test examples with that of either.

    Serious when they are more than 1 % of their split, else a warning. The score of an example is 1.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        return [finding for split in _SEEN_BEFORE if (finding := _repeated(evidence, split))]


def _repeated(evidence: Evidence, split: str) -> Finding | None:
    earlier = _SEEN_BEFORE[split]
    seen = {fingerprint for other in earlier for fingerprint in evidence.fingerprints.get(other, ())}
    judged = evidence.fingerprints.get(split, ())
    listed = zip(evidence.ids.get(split, ()), judged, strict=True)
    repeated = [FindingExample(identity, 1.0) for identity, fingerprint in listed if fingerprint in seen]
    if not repeated:
        return None
    return Finding(
        "duplicates_across_splits",
        "serious" if len(repeated) > SERIOUS_SHARE * len(judged) else "warning",
        f"{counted(len(repeated), f'{split} example')} of {len(judged):,} ({share(len(repeated), len(judged))}) "
        f"also occur in {' or '.join(earlier)}, so the {split} figures are better than they should be.",
        repeated,
        "Remove the copies from one side, or name the column whose members belong together with --group.",
    )
