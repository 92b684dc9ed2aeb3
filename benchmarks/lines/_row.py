"""A row of the speed table: two sides measured alike, the figure they give, and what it must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from measure import Run
from target import VERDICTS, Target

COLUMNS = "{:<76} {:<46} {:<38} {:>12}  {:<14} {:<8} {}"
HEADER = COLUMNS.format("what", "one side: wall s, CPU s", "other side", "figure", "must reach", "reached", "note")


@dataclass(frozen=True)
class Side:
    """What was measured on one side: wall and CPU seconds of each repeat."""

    name: str
    wall: Sequence[float]
    cpu: Sequence[float]

    @classmethod
    def of(cls, name: str, runs: Sequence[Run]) -> Side:
        """A side made of whole processes."""
        return cls(name, [run.wall for run in runs], [run.cpu for run in runs])

    @property
    def seconds(self) -> float:
        """Median wall seconds."""
        return median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        """Median CPU seconds."""
        return median(self.cpu)

    def words(self) -> str:
        """``name 12.3 s, 20.1 CPU``."""
        return f"{self.name} {self.seconds:.4g}, {self.cpu_seconds:.4g}"


@dataclass
class Row:
    """One line of the table.

    ``figure`` is what the target is about, in ``unit`` (empty for a ratio). ``besides`` is a further condition, such
    as no lower accuracy. ``extra`` goes into the JSON line only.
    """

    measurement: str
    what: str
    one: Side
    other: Side
    figure: float
    target: Target | None = None
    unit: str = ""
    besides: bool = True
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        return None if self.target is None else self.target.holds(self.figure) and self.besides

    def line(self) -> str:
        """The row as a line of the table."""
        said = VERDICTS[self.reached]
        must = self.target.words() if self.target else ""
        figure = f"{self.figure:.3g} {self.unit}".strip()
        return COLUMNS.format(self.what, self.one.words(), self.other.words(), figure, must, said, self.note).rstrip()

    def to_json(self) -> dict[str, Any]:
        """Medians, every repeat, and the verdict."""
        sides = {
            key: {"name": s.name, "wall": s.seconds, "cpu": s.cpu_seconds, "walls": [*s.wall], "cpus": [*s.cpu]}
            for key, s in (("one", self.one), ("other", self.other))
        }
        plain = {
            "measurement": self.measurement,
            "what": self.what,
            **sides,
            "figure": self.figure,
            "unit": self.unit,
        }
        must = self.target.words() if self.target else ""
        return {**plain, "must": must, "reached": self.reached, "note": self.note, **self.extra}
