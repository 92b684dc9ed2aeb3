"""What a fit found out: figures with intervals, rungs, findings, and the whole result as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

RESULT_FORMAT = 1


class Figure(NamedTuple):
    """A measured value with its 95 % interval; in JSON ``[value, low, high]``."""

    value: float
    low: float
    high: float


Figures = dict[str, Figure]


@dataclass
class RungResult:
    """One rung: what it was predicted to cost, what it cost, what it reached, and what became of it.

    ``tuned_share`` below 1: its weights lie so far on the way from its start to what training gave (WiSE-FT).
    """

    name: str
    strategy: str
    freeze_depth: int
    predicted_seconds: float
    seconds: float = 0.0
    trainable_parameters: int = 0
    validation: Figures = field(default_factory=dict)
    kept: bool = False
    reason: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    tuned_share: float = 1.0


@dataclass(frozen=True)
class FindingExample:
    """An example a finding is about, with the score that put it there."""

    id: str
    score: float


Severity = Literal["info", "warning", "serious"]


@dataclass(frozen=True)
class Finding:
    """One thing a diagnosis says: what was seen, how serious, which examples, what to do."""

    diagnosis: str
    severity: Severity
    summary: str
    examples: list[FindingExample] = field(default_factory=list)
    next_step: str = ""


SEVERITIES = {"serious": ("serious", "serious"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
"""The gravest first, as a person reads one and several of them."""


def say_severities(findings: Sequence[Finding]) -> str:
    """``1 serious, 2 warnings``; empty where there are none."""
    found: list[str] = [finding.severity for finding in findings]
    counted = [(found.count(severity), names) for severity, names in SEVERITIES.items()]
    return ", ".join(f"{number} {one if number == 1 else more}" for number, (one, more) in counted if number)


@dataclass(frozen=True)
class EngineTrial:
    """One engine tried: seconds to prepare it, seconds an example in batches of ``batch``, what was thought of it."""

    engine: str
    threads: int
    preparation: float
    seconds: float
    verdict: str
    batch: int = 0

    def __str__(self) -> str:
        """``openvino 9.1 ms (faster)``, or the reason alone where it was not timed."""
        threads = "" if self.threads == 1 else f" with {self.threads} threads"
        batch = f" in batches of {self.batch}" if self.batch else ""
        timed = f" {1000 * self.seconds:.1f} ms ({self.verdict})" if self.seconds else f": {self.verdict}"
        return f"{self.engine}{threads + batch if self.seconds else ''}{timed}"


@dataclass(frozen=True)
class EngineChoice:
    """Which engine ran a frozen part, and the figures by which it was chosen; ``examples`` were to be run.

    ``batch`` is the number of examples it ran at once, 0 where that was not recorded.
    """

    part: str
    engine: str
    threads: int
    examples: int
    tried: list[EngineTrial]
    batch: int = 0

    def __str__(self) -> str:
        """What was chosen and why, in one line."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        batch = f", batches of {self.batch}" if self.batch else ""
        return f"{self.engine}, {threads}{batch}. Tried: {'; '.join(map(str, self.tried))}."

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> EngineChoice:
        """Read back from the plain object in ``result.json``."""
        return cls(**{**plain, "tried": [EngineTrial(**trial) for trial in plain["tried"]]})


@dataclass
class Seconds:
    """Where the time went, in seconds of wall clock."""

    decode: float = 0.0
    forward: float = 0.0
    train: float = 0.0
    total: float = 0.0


@dataclass
class ExampleCounts:
    """How many examples each split holds, and how many were set aside as unreadable."""

    train: int = 0
    validation: int = 0
    test: int = 0
    set_aside: int = 0


@dataclass(frozen=True)
class FromNames:
    """A model made from the names of its classes alone: what it was told, and what it answered to unlabelled inputs.

    ``shares`` says how often each label was the answer among the ``looked_at`` inputs, the commonest first;
    ``confidence`` is the mean probability of the answers, which nothing has calibrated; ``margin`` how far on average
    the best label was before the second.
    """

    prompts: list[str]
    looked_at: int
    shares: dict[str, float]
    confidence: float
    margin: float


WHERE_THERE_ARE_SOME = ("from_names", "extension", "adaptation")
"""Keys of ``result.json`` that only some models have."""


@dataclass
class FitResult:
    """The machine-readable result of a fit: ``result.json`` and ``fit --json``.

    ``from_names`` is what could be said of a model made without labels, and ``extension`` what ``headstart extend``
    found when it made the model, see :meth:`headstart.experiment.extension.Extension.to_json`; ``adaptation`` is what
    became of adapting it to new inputs. Keys of what was not done are left out.
    """

    task: str
    backbone: str
    chosen: str
    seed: int
    rungs: list[RungResult]
    stopped_because: str
    test: Figures | None
    seconds: Seconds
    examples: ExampleCounts
    findings: list[Finding] = field(default_factory=list)
    engines: list[EngineChoice] = field(default_factory=list)
    from_names: FromNames | None = None
    format: int = RESULT_FORMAT
    extension: dict[str, Any] | None = None
    adaptation: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready object whose first keys follow the published contract."""
        plain = asdict(self)
        for told in WHERE_THERE_ARE_SOME:
            if plain[told] is None:
                del plain[told]
        order = ["format", "task", "backbone", "chosen", "seed", "rungs", "stopped_because", "test"]
        return {key: plain[key] for key in [*order, *(k for k in plain if k not in order)]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> FitResult:
        """The inverse of :meth:`to_json`."""
        rungs = [RungResult(**{**rung, "validation": figures(rung["validation"])}) for rung in plain["rungs"]]
        findings = [
            Finding(**{**finding, "examples": [FindingExample(**e) for e in finding["examples"]]})
            for finding in plain["findings"]
        ]
        return cls(
            **{
                **plain,
                "rungs": rungs,
                "findings": findings,
                "engines": [EngineChoice.from_json(choice) for choice in plain.get("engines", [])],
                "from_names": FromNames(**plain["from_names"]) if plain.get("from_names") else None,
                "test": None if plain["test"] is None else figures(plain["test"]),
                "seconds": Seconds(**plain["seconds"]),
                "examples": ExampleCounts(**plain["examples"]),
            }
        )


def figures(plain: dict[str, list[float]]) -> Figures:
    """``{"accuracy": [value, low, high]}`` read back into figures."""
    return {name: Figure(*values) for name, values in plain.items()}
