"""What a fit found out: figures with intervals, rungs, findings, and the whole result as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from headstart.core.by_class import ByClass, without_classes
from headstart.core.engine_choice import EngineChoice

RESULT_FORMAT = 1


class Figure(NamedTuple):
    """A measured value with its 95 % interval; in JSON ``[value, low, high]``."""

    value: float
    low: float
    high: float


Figures = dict[str, Figure]


class Gain(NamedTuple):
    """What a model without pretraining reaches, and by how much the finished one is better; of the watched figure.

    Where a head on the pretrained network stands for it, both ``learnt`` from so many, and so many ``judged`` them.
    """

    figure: Figure
    difference: Figure
    learnt: int | None = None
    judged: int | None = None


WITHIN = ": "
"""Stands between the name of a target and that of its figure, where a model predicts several targets."""

OVERALL = "overall"
"""In JSON, what holds the figures of all targets together, beside the blocks of each."""


def within(target: str, name: str) -> str:
    """``team: accuracy``."""
    return target + WITHIN + name


def target_of(name: str) -> str:
    """The target that a figure is about; empty where there is one target, or the figure is about all of them."""
    return name.rpartition(WITHIN)[0]


def by_target(figures: Figures) -> dict[str, Figures]:
    """Figures by the target that they are about, under their own names; under an empty name those about no single."""
    found: dict[str, Figures] = {}
    for name, figure in figures.items():
        target, _, own = name.rpartition(WITHIN)
        found.setdefault(target, {})[own] = figure
    return found


@dataclass
class RungResult:
    """One rung: what it was predicted to cost, what it cost, what it reached, and what became of it.

    ``tuned_share`` below 1: its weights lie so far on the way from the pretrained to the tuned ones (WiSE-FT).
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
    """An example a finding is about, its score, and why in a few words, such as what it is a copy of (or "")."""

    id: str
    score: float
    note: str = ""


Severity = Literal["info", "warning", "serious"]


@dataclass(frozen=True)
class Finding:
    """One thing a diagnosis says: what was seen, how serious, which examples, what to do."""

    diagnosis: str
    severity: Severity
    summary: str
    examples: list[FindingExample] = field(default_factory=list)
    next_step: str = ""

    def to_json(self) -> dict[str, Any]:
        """The plain object of every ``--json``."""
        plain = asdict(self)
        plain["examples"] = [{key: e[key] for key in e if key != "note" or e[key]} for e in plain["examples"]]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Finding:
        """The inverse of :meth:`to_json`."""
        return cls(**{**plain, "examples": [FindingExample(**example) for example in plain["examples"]]})


@dataclass(frozen=True)
class TaskGain:
    """One of several tasks, learnt together with the others and alone, on the held-out examples that compare rungs.

    ``rung`` is how far the ladder was climbed alone; ``figure`` the one that the task watches; ``gain`` how much
    better it is together, positive where it is, with a paired interval; ``command`` fits it alone, where it loses.
    """

    target: str
    rung: str
    figure: str
    together: Figure
    alone: Figure
    gain: Figure
    command: str = ""

    @property
    def verdict(self) -> str:
        """``gains``, ``loses``, ``the same``, or that it cannot be told."""
        if self.gain.low > 0:
            return "gains"
        if self.gain.high < 0:
            return "loses"
        return "the same" if self.gain == Figure(0.0, 0.0, 0.0) else "cannot be told apart"

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> TaskGain:
        """Read back from the plain object in ``result.json``."""
        measured = {name: Figure(*plain[name]) for name in ("together", "alone", "gain")}
        return cls(**{**plain, **measured})


@dataclass
class Seconds:
    """Where the time went, in seconds of wall clock.

    Decoding, the frozen part and training run beside each other, each of them perhaps in several threads whose
    seconds are added up: together they may take longer than the `total`.
    """

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


WHERE_THERE_ARE_SOME = ("from_names", "extension", "adaptation", "forgetting", "tasks", "tasks_note")
"""Keys of ``result.json`` that only some models have; those of tasks are of several targets."""


@dataclass
class FitResult:
    """The machine-readable result of a fit: ``result.json`` and ``fit --json``.

    ``gains`` says what transfer gave over each of the models without it, and ``by_class`` how well the test told each
    class from the rest, which lies within ``test`` there.
    ``from_names`` is what could be said of a model made without labels, and ``extension`` what ``headstart extend``
    found when it made the model, see :meth:`headstart.experiment.extension.result.Extension.to_json`; ``adaptation``
    is what became of adapting it to new inputs; ``forgetting`` is what became of the task that its backbone could do
    before, see :class:`headstart.experiment.keeping.Kept`. Keys of what was not done are left out.
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
    tasks: list[TaskGain] = field(default_factory=list)
    tasks_note: str = ""
    format: int = RESULT_FORMAT
    extension: dict[str, Any] | None = None
    adaptation: dict[str, Any] | None = None
    forgetting: dict[str, Any] | None = None
    gains: dict[str, Gain] = field(default_factory=dict)
    by_class: ByClass | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready object whose first keys follow the published contract."""
        plain = {key: each for key, each in asdict(self).items() if each or key not in WHERE_THERE_ARE_SOME}
        plain["findings"] = [finding.to_json() for finding in self.findings]
        plain["gains"] = {
            name: {key: each for key, each in gain._asdict().items() if each is not None}
            for name, gain in self.gains.items()
        }
        for holder, name in [(plain, "test"), *((rung, "validation") for rung in plain["rungs"])]:
            blocks, overall = _blocks(holder[name] or {})
            if overall:
                holder |= {name: blocks, OVERALL: overall}
        if (by_class := plain.pop("by_class")) and plain["test"]:
            plain["test"] = {**plain["test"], **by_class}
        order = ["format", "task", "backbone", "chosen", "seed", "rungs", "stopped_because", "test"]
        return {key: plain[key] for key in [*order, *(k for k in plain if k not in order)]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> FitResult:
        """The inverse of :meth:`to_json`."""
        rungs = [RungResult(**_flat(rung, "validation")) for rung in plain["rungs"]]
        plain, by_class = without_classes(plain)
        return cls(
            **{
                **_flat(plain, "test"),
                "by_class": by_class,
                "rungs": rungs,
                "findings": [Finding.from_json(finding) for finding in plain["findings"]],
                "gains": {name: _gain(each) for name, each in plain.get("gains", {}).items()},
                "engines": [EngineChoice.from_json(choice) for choice in plain.get("engines", [])],
                "from_names": FromNames(**plain["from_names"]) if plain.get("from_names") else None,
                "tasks": [TaskGain.from_json(task) for task in plain.get("tasks", [])],
                "seconds": Seconds(**plain["seconds"]),
                "examples": ExampleCounts(**plain["examples"]),
            }
        )


def _gain(plain: dict[str, Any]) -> Gain:
    return Gain(**{**plain, "figure": Figure(*plain["figure"]), "difference": Figure(*plain["difference"])})


def figures(plain: dict[str, Any]) -> Figures:
    """``{"accuracy": [value, low, high]}``, or such a block for each target, read back into figures."""
    found: Figures = {}
    for name, given in plain.items():
        if isinstance(given, dict):
            found |= {within(name, own): Figure(*values) for own, values in given.items()}
        else:
            found[name] = Figure(*given)
    return found


def figures_json(figures: Figures) -> dict[str, Any]:
    """``{"accuracy": [value, low, high]}``; of several targets a block each, and what is about all ``overall``."""
    blocks, overall = _blocks(figures)
    named = {OVERALL: blocks.get(OVERALL, {}) | overall} if overall else {}  # a target may have that name
    return {name: _plain(block) for name, block in {**blocks, **named}.items()}


def _plain(block: Any) -> Any:
    return list(block) if isinstance(block, Figure) else {name: list(figure) for name, figure in block.items()}


def _blocks(figures: Figures) -> tuple[dict[str, Any], Figures]:
    """One block a target, and the figures about all of them; the latter none where there is one target."""
    parted = by_target(figures)
    overall = parted.pop("", {})
    return (parted, overall) if parted else (overall, {})


def _flat(plain: dict[str, Any], name: str) -> dict[str, Any]:
    """`plain` with its figures `name` read back, those about all targets among them."""
    rest = {key: value for key, value in plain.items() if key != OVERALL}
    return rest | {name: None if plain[name] is None else figures(plain[name] | plain.get(OVERALL, {}))}
