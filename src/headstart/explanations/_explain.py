"""Explains the predictions of a model: asks every method that suits, and has each check itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core.errors import InputError, MissingDependency, Problem, UsageError
from headstart.core.precision import single_precision
from headstart.core.progress import Progress
from headstart.core.registry import Registry

if TYPE_CHECKING:
    from headstart.explanations._explainer import Explainer
    from headstart.explanations._subject import Subject
    from headstart.explanations.base import Aim, Asked, Check, Explained, Explanation, Known, Parts, Question

EXPLANATIONS = Registry("headstart.explanations", "explanation")


@dataclass(frozen=True)
class Answer:
    """What one method said of one input, and its own checks."""

    method: str
    explained: Explained
    checks: list[Check]

    @property
    def trusted(self) -> bool | None:
        """False where a check that decides failed, True where all such passed, None where none could be made."""
        decided = [check.passed for check in self.checks if check.decides and check.passed is not None]
        return all(decided) if decided else None


@dataclass(frozen=True)
class ExplainedInput:
    """One input: its name, what the model says, and why. ``original`` decodes the input in full, to be shown.

    Its tensors are not among it: those of all inputs would fill the memory, and what is shown needs none.
    """

    name: str
    original: Callable[[], Any]
    aim: Aim
    parts: Parts | None
    confidence: float
    answers: list[Answer]

    @property
    def label(self) -> str:
        """The label that is explained."""
        return self.aim.name


@dataclass(frozen=True)
class Explanations:
    """What :func:`explain` hands back; ``write(folder)`` makes pictures and a page of it.

    ``left_out`` says of each method that had nothing to say, why; ``set_aside`` names the inputs that cannot be read.
    """

    inputs: list[ExplainedInput]
    left_out: dict[str, str] = field(default_factory=dict)
    set_aside: list[Problem] = field(default_factory=list)

    def write(self, folder: str | Path) -> list[Path]:
        """Write a PNG for each map of a picture and ``explanations.html``; the files, the page first.

        Raises
        ------
        InputError : `folder` holds something already.
        """
        from headstart.explanations._writing import write

        return write(self, Path(folder))

    def to_json(self) -> dict[str, Any]:
        """What was said of each input and each explanation's own check, as plain JSON."""
        from headstart.explanations._writing import plain

        return plain(self)


@single_precision()
def explain(
    model: Subject,
    inputs: Any,
    methods: Sequence[str] = (),
    label: str | None = None,
    input: str | None = None,
    known: Known | None = None,
    seed: int = 0,
    quiet: bool = True,
    target: str | None = None,
) -> Explanations:
    """Why `model` predicts what it does for each of `inputs`.

    Parameters
    ----------
    inputs : a path, a folder, a table, a text, or a list of such.
    methods : names of explanations; without any, all that suit.
    label : the label to explain; without it the one predicted for each input.
    input : the column of a table that holds the inputs.
    known : the training examples, for the nearest of them; without it those that the model folder keeps.
    target : of a model for several, the one to explain; without it the first.

    Raises
    ------
    UsageError : no such method or label, or no method that suits.
    InputError : no input could be read.
    MissingDependency : a method asked for needs a library that is not installed.
    """
    from headstart.explanations._subject import read_inputs

    chosen = {name: EXPLANATIONS.load(name)() for name in methods or EXPLANATIONS.names()}
    examples, asks = read_inputs(model, inputs, input), explainer(model, label, known, target)
    made = Explanations([])
    for name, reference in Progress(quiet).bar(
        zip(examples.ids, examples.references, strict=True), len(examples), "explaining", "inputs"
    ):
        try:
            asked = asks.ask(reference)
        except ValueError as error:
            made.set_aside.append(Problem(name, str(error)))
            continue
        made.inputs.extend(explained(each, name, chosen, seed, made.left_out, bool(methods)) for each in asked)
    if not made.inputs:
        raise InputError(made.set_aside, "No input could be explained:")
    _say_once(made)
    return made


def questions(model: Subject, inputs: Any, label: str | None = None, known: Known | None = None) -> Iterator[Asked]:
    """The question that each of `inputs` poses, or those of its boxes, for whoever asks without words and pages.

    Raises
    ------
    ValueError : an input cannot be decoded.
    """
    from headstart.explanations._subject import read_inputs

    asks = explainer(model, label, known)
    for reference in read_inputs(model, inputs).references:
        yield from (question.asked for question in asks.ask(reference))


def explainer(
    model: Subject, label: str | None = None, known: Known | None = None, target: str | None = None
) -> Explainer:
    """What asks `model` about input after input, for whoever has them one at a time; parameters as for explain."""
    from headstart.explanations._explainer import Explainer

    return Explainer(model, label, known, target)


def explained(
    question: Question,
    name: str,
    methods: Mapping[str, Explanation],
    seed: int = 0,
    left_out: dict[str, str] | None = None,
    wanted: bool = False,
    curves: bool = True,
) -> ExplainedInput:
    """What each of `methods` says of the input called `name`, and its checks, with their `curves` or without.

    Raises
    ------
    UsageError, MissingDependency : a method has nothing to say, and it is `wanted`; else ``left_out`` has the reason.
    """
    answers = _answers(methods, question.asked, seed, {} if left_out is None else left_out, wanted, curves)
    asked = question.asked
    return ExplainedInput(name, question.original, asked.aim, asked.parts, question.confidence, answers)


def _answers(
    methods: Mapping[str, Explanation],
    asked: Asked,
    seed: int,
    left_out: dict[str, str],
    wanted: bool,
    curves: bool,
) -> list[Answer]:
    answers = []
    for name, method in methods.items():
        if not isinstance(asked.aim, method.about):
            if wanted:
                raise UsageError(f"The explanation {name!r} explains {method.about.kind}, and here are none.")
            continue
        if why := method.unsuited(asked):
            if wanted:
                raise UsageError(f"The explanation {name!r} has nothing to say here: {why}.")
            left_out[name] = why
            continue
        try:
            said = method.explain(asked)
        except MissingDependency as error:
            if wanted:
                raise
            left_out[name] = str(error)
            continue
        answers.append(Answer(name, said, method.checks(asked, said, seed, curves)))
    return answers


def _say_once(made: Explanations) -> None:
    """A method that had nothing to say of one input but spoke of another is not left out."""
    for name in {answer.method for each in made.inputs for answer in each.answers}:
        made.left_out.pop(name, None)
    if not any(each.answers for each in made.inputs):
        reasons = "; ".join(f"{name}: {why}" for name, why in made.left_out.items())
        raise UsageError(f"No explanation suits this model. {reasons}.")
