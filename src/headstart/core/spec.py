"""What a person asked for, checked once, all mistakes together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.core.by_class import Wanted
from headstart.core.errors import UsageError
from headstart.core.frame_side import mistake_of_frame
from headstart.core.names import Name
from headstart.core.stack_size import mistake_of_stack

DEFAULT_BUDGET = 600.0
AUTO = "auto"
"""In the place of a name: a backbone is ranked for, an engine is tried for, groups are inferred."""

NONE = "none"
"""In the place of a group: none is kept together, patients neither."""

GIVEN, ANEW = "given", "anew"
"""What becomes of splits that the source data gives: they are kept, or dropped and the examples divided anew."""


@dataclass(frozen=True)
class FitSpec:
    """One fit. ``data`` is a path, a dataset name, or a pair (inputs, targets) of Python lists.

    ``task``, ``backbone`` and ``strategy`` are plug-in names or None for "choose from the data".
    ``budget`` is in seconds. ``engine`` is a plug-in's name or ``auto``. ``store`` False keeps activations in a
    temporary folder only. ``test_share`` of the examples is held out for the final test where no test split is
    given; 0 for none. ``group`` is a column, AUTO for groups that are inferred, or NONE; None keeps patients together
    where they are told. ``prove`` also trains the same network from random weights, to measure what transfer gave.
    ``target`` may name several columns, with commas between; ``also`` names further tables with a target each,
    ``other.csv:target``, whose rows are learnt from too.
    ``split`` is GIVEN or ANEW.
    ``old`` are examples of the task of the finished model that is the backbone, and ``forgetting`` the share of them
    that it may lose at most; None for any. Where the backbone is AUTO, ``backbones`` names those to
    choose from, ``hub`` adds those worth a download, and ``most_parameters`` leaves out larger ones.
    ``sensitivity`` or ``specificity``, from 0 to 1, is what operating points are to reach on held-out examples.
    ``stack`` is how many neighbouring slices of a volume (a DICOM series, a NIfTI file) are the channels of an
    example; None for files as they are.
    ``frame`` is the side, in pixels, of the square that has the area of the frame that pictures of boxes are brought
    to, and the longer side for masks; None for what suits the device and the pictures.
    """

    data: Any
    input: str | None = None
    target: str | None = None
    group: str | None = None
    task: str | None = None
    backbone: str | None = None
    strategy: Any = None
    budget: float = DEFAULT_BUDGET
    out: Path | None = None
    seed: int = 0
    device: str = "auto"
    resume: bool = False
    engine: str = "auto"
    store: bool = True
    test_share: float = 0.2
    prove: bool = False
    labels: tuple[Name, ...] = ()
    also: tuple[str, ...] = ()
    split: str = GIVEN
    old: Any = None
    forgetting: float | None = None
    backbones: tuple[str, ...] = ()
    hub: bool = False
    most_parameters: int | None = None
    sensitivity: float | None = None
    specificity: float | None = None
    stack: int | None = None
    frame: int | None = None

    def __post_init__(self) -> None:
        mistakes = []
        if not self.budget > 0:
            mistakes.append(f"the budget must be positive, got {self.budget:g} seconds")
        if self.seed < 0:
            mistakes.append(f"the seed must not be negative, got {self.seed}")
        if not 0 <= self.test_share < 1:
            mistakes.append(f"the test share must lie between 0 and 1, got {self.test_share:g}")
        if self.split not in (GIVEN, ANEW):
            mistakes.append(f"the split must be {GIVEN} or {ANEW}, got {self.split!r}")
        if self.resume and self.out is None:
            mistakes.append("--resume needs --out, the folder of the fit to go on with")
        if self.backbone != AUTO and (self.backbones or self.hub or self.most_parameters is not None):
            mistakes.append(f"--backbones, --hub and --most-parameters need --backbone {AUTO}: they say among which")
        mistakes += [f"--also {table}: write the table and its target, e.g. other.csv:price" for table in self.also
                     if not all(table.rpartition(":")[::2])]  # fmt: skip
        if self.sensitivity is not None and self.specificity is not None:
            mistakes.append("--sensitivity and --specificity exclude each other: one threshold cannot promise both")
        if self.wanted is not None and not 0 < self.wanted.share <= 1:
            mistakes.append(f"the {self.wanted.figure} must lie above 0 and not above 1, got {self.wanted.share:g}")
        if self.stack is not None and (mistake := mistake_of_stack(self.stack)):
            mistakes.append(f"--stack: {mistake}")
        if self.frame is not None and (mistake := mistake_of_frame(self.frame)):
            mistakes.append(f"--frame: {mistake}")
        if mistakes:
            raise UsageError("; ".join(mistakes))

    @property
    def wanted(self) -> Wanted | None:
        """What operating points are chosen for; None for Youden's."""
        given = {"sensitivity": self.sensitivity, "specificity": self.specificity}
        return next((Wanted(name, share) for name, share in given.items() if share is not None), None)


def group_column(group: str | None) -> str | None:
    """The column that `group` names; None where it names none."""
    return None if group in (AUTO, NONE) else group
