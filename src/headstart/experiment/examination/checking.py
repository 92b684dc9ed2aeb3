"""Looks for trouble in examples before anything is trained on them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.backbones.base import Backbone
from headstart.core.errors import HeadstartError, InputError, UsageError
from headstart.core.kept import Kept
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.core.spec import AUTO, GIVEN, FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.examples import SPLITS
from headstart.diagnosis import examine_all
from headstart.diagnosis.base import Evidence
from headstart.experiment.bench import choose_backbone, lay_out
from headstart.experiment.examination.checkup import Checkup
from headstart.experiment.examination.computing_ahead import compute_ahead
from headstart.experiment.examination.grouping import prepared
from headstart.experiment.examination.looking import look_before, look_deeper
from headstart.experiment.material import Found, Material, TooFewLeft, find, told
from headstart.experiment.request import check_request
from headstart.frozen.choosing import Engines

NO_BACKBONE = "none"
"""What is written in the place of a backbone's name to go without one."""

UNLIMITED = float("inf")

NONE_HELD_OUT = Finding(
    "few_examples",
    "serious",
    "No example can be held out to judge a model by: they are too few, or all belong together (one group, or much "
    "the same content).",
    next_step="Add examples that do not belong with these: a fit refuses them as they are.",
)


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
    split: str = GIVEN,
    stack: int | None = None,
    quiet: bool = False,
) -> list[Finding]:
    """Look for trouble in `data` without training a model: duplicates, leaks, wrong labels, shortcuts and more.

    Parameters
    ----------
    data, input, target, group, task, device, engine, split, stack : as for :func:`headstart.fit`.
    backbone : its features show what contents do not; ``"none"`` goes without, and then fewer diagnoses speak.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    spec = FitSpec(
        data, input, target, group, task, backbone, budget=UNLIMITED, seed=seed, device=device, engine=engine,
        split=split, stack=stack,
    )  # fmt: skip
    return examine(spec, Progress(quiet)).findings


def examine(spec: FitSpec, progress: Progress) -> Checkup:
    """Carry out a check; of `spec`, what concerns training is not read.

    However many examples cannot be read, that is a finding and no mistake, and so it is that none can be held out.
    """
    check_request(spec)
    stopwatch = Stopwatch()
    found = find(spec, progress)
    backbone = None if spec.backbone == NO_BACKBONE else _backbone(spec, found, progress)
    engines = Engines(spec.engine)
    if backbone is not None:
        found = compute_ahead(found, spec, backbone, engines, stopwatch, progress)
    try:
        material = prepared(found, spec, backbone, stopwatch, progress, most=1.0, whole=True)
    except TooFewLeft as error:
        return _of_the_few(found, error, progress)
    targets = list(material.examples.targets or [])
    material = replace(material, task=told(material.task.anew(targets), spec, targets))
    before = look_before(material, opened=SPLITS)
    if backbone is None:
        return _checkup(before, found, material, "", None)
    with tempfile.TemporaryDirectory(prefix="headstart-check-") as folder:
        unlimited = replace(spec, budget=UNLIMITED)
        bench = lay_out(unlimited, material, backbone, stopwatch, progress, Path(folder), engines)
        evidence = look_deeper(before, material, backbone, bench)()
        return _checkup(evidence, found, material, backbone.card.name, bench.kept)


def _backbone(spec: FitSpec, found: Found, progress: Progress) -> Backbone:
    try:
        return choose_backbone(spec, found, progress)
    except (UsageError, InputError):
        raise
    except HeadstartError as error:
        raise HeadstartError(f"{error}\n--backbone none looks without one, at contents and traits alone.") from error


def _checkup(evidence: Evidence, found: Found, material: Material, backbone: str, kept: Kept | None) -> Checkup:
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
    looked_at = f"Looked at {count:,} {found.modality.noun} ({', '.join(splits)}): {', '.join(seen)}."
    alone = [] if material.split.judges else [NONE_HELD_OUT]
    return Checkup(looked_at, [*alone, *examine_all(evidence, kept)], material.checked, material.task)


def _of_the_few(found: Found, error: TooFewLeft, progress: Progress) -> Checkup:
    """What can be said where the readable examples cannot even be divided: above all which are not readable."""
    progress.say(f"  note: {error}")
    checked, task = error.checked, found.task
    evidence = Evidence(
        {}, {"train": checked.examples.ids}, {}, {}, {}, {}, task.watched, task.higher_is_better,
        set_aside=checked.set_aside,
    )  # fmt: skip
    looked_at = (
        f"Looked at {len(found.examples):,} {found.modality.noun}, of which {len(checked.set_aside):,} cannot be "
        "read; the others are too few to look further."
    )
    return Checkup(looked_at, examine_all(evidence, None), checked, task)
