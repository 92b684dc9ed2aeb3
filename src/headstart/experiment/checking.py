"""Looks for trouble in examples before anything is trained on them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headstart.backbones.base import Backbone
from headstart.core.errors import HeadstartError, InputError, UsageError
from headstart.core.kept import Kept
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.modalities.base import Modality
from headstart.diagnosis import examine_all
from headstart.diagnosis.base import Evidence
from headstart.experiment.bench import choose_backbone, lay_out
from headstart.experiment.flow import check_request
from headstart.experiment.grouping import prepared
from headstart.experiment.looking import look_before, look_deeper
from headstart.experiment.material import Found, find

NO_BACKBONE = "none"
"""What is written in the place of a backbone's name to go without one."""

UNLIMITED = float("inf")


@dataclass(frozen=True)
class Checkup:
    """What was looked at, in a sentence, and what was found, the gravest first."""

    looked_at: str
    findings: list[Finding]


def check(
    data: Any,
    *,
    input: str | None = None,
    target: str | None = None,
    group: str | None = None,
    task: str | None = None,
    backbone: str | None = None,
    seed: int = 0,
    device: str = "auto",
    engine: str = AUTO,
    quiet: bool = False,
) -> list[Finding]:
    """Look for trouble in `data` without training a model: duplicates, leaks, wrong labels, shortcuts and more.

    Parameters
    ----------
    data, input, target, group, task, device, engine : as for :func:`headstart.fit`.
    backbone : its features show what contents do not; ``"none"`` goes without, and then fewer diagnoses speak.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    spec = FitSpec(
        data, input, target, group, task, backbone, budget=UNLIMITED, seed=seed, device=device, engine=engine
    )
    return examine(spec, Progress(quiet)).findings


def examine(spec: FitSpec, progress: Progress) -> Checkup:
    """Carry out a check; of `spec`, what concerns training is not read."""
    check_request(spec)
    stopwatch = Stopwatch()
    found = find(spec, progress)
    if spec.backbone == NO_BACKBONE:
        material = prepared(found, spec, None, stopwatch, progress)
        return _checkup(look_before(material), found.modality, "", None)
    backbone = _backbone(spec, found, progress)
    material = prepared(found, spec, backbone, stopwatch, progress)
    with tempfile.TemporaryDirectory(prefix="headstart-check-") as folder:
        bench = lay_out(replace(spec, budget=UNLIMITED), material, backbone, stopwatch, progress, Path(folder))
        evidence = look_deeper(look_before(material), material, backbone, bench)
        return _checkup(evidence, found.modality, backbone.card.name, bench.kept)


def _backbone(spec: FitSpec, found: Found, progress: Progress) -> Backbone:
    try:
        return choose_backbone(spec, found, progress)
    except (UsageError, InputError):
        raise
    except HeadstartError as error:
        raise HeadstartError(f"{error}\n--backbone none looks without one, at contents and traits alone.") from error


def _checkup(evidence: Evidence, modality: Modality, backbone: str, kept: Kept | None) -> Checkup:
    splits = [f"{len(ids):,} {name}" for name, ids in evidence.ids.items()]
    traits = next(iter(evidence.traits.values()), {})
    seen = [
        "content",
        *traits,
        *(["likeness"] if evidence.sketches else []),
        *([f"features of {backbone}"] if evidence.features else []),
        *([f"the {len(evidence.labels)} labels against those features"] if evidence.probabilities else []),
    ]
    count = sum(map(len, evidence.ids.values()))
    looked_at = f"Looked at {count:,} {modality.noun} ({', '.join(splits)}): {', '.join(seen)}."
    return Checkup(looked_at, examine_all(evidence, kept))
