"""How a pretraining is to learn: the method asked for, or the one that suits what is at hand, and whether it can."""

from __future__ import annotations

from typing import TypeVar

from headstart.core.errors import UsageError
from headstart.core.settings import with_settings
from headstart.core.spec import AUTO
from headstart.data.modalities import MODALITIES
from headstart.experiment.pretraining.learning_material import Wish
from headstart.experiment.pretraining.picture_material import COURSES, PictureWish
from headstart.pretraining import METHODS
from headstart.pretraining.base import OwnMethod, PictureMethod, PretrainingMethod, TaughtMethod

Kind = TypeVar("Kind", bound=PretrainingMethod)

WITH_TEACHER, WITHOUT = "distillation", "vicreg"
"""The methods to take unless another is asked for."""

ENGINE = "--engine runs the teacher of a stored course, and {}: leave it out."
"""What is said of an engine that nothing runs on, with the reason."""

SMALLEST = 32
"""Pixels of the side of a crop, at least: with fewer, networks have no places left in the end."""


def chosen_method(asked: str, teacher: str | None) -> str:
    """The method `asked` for, or of the usual ones that with a `teacher` or that without."""
    if asked != AUTO:
        return asked
    return WITHOUT if teacher is None else WITH_TEACHER


def learns_labels(asked: str) -> bool:
    """Whether the method `asked` for learns from targets; none does that is taken where nobody asked.

    Raises
    ------
    UsageError : there is no such method.
    """
    return asked != AUTO and METHODS.load(asked.partition(":")[0]).labelled


def why_chosen(asked: str, wish: PictureWish, method: PictureMethod) -> str:
    """Which method it is, what it does, and why it where nobody `asked` for one."""
    said = f"Method: {wish.method}: {method.summary}"
    if asked != AUTO:
        return f"{said}."
    if wish.teacher is None:
        return f"{said} (no --teacher is named; with one at hand its features are the surer guide)."
    return f"{said} (a teacher is named)."


def named_method(asked: str, kind: type[Kind]) -> Kind:
    """The method that is `asked` for by its name, with its settings, if it is one of that `kind`.

    Raises
    ------
    UsageError : there is no such method, it is of another kind, or its settings cannot be.
    """
    method, modality = with_settings(METHODS, asked, "--method"), kind.modalities[0]
    noun = MODALITIES.load(modality)().noun
    if not isinstance(method, kind):
        names = ", ".join(name for name, _ in methods_of(kind))
        raise UsageError(f"--method {asked} is not for {noun}; of {noun} learn {names}.")
    method.check()
    if settings := method.meaningless(modality):
        raise UsageError(f"--method {asked}: {' and '.join(settings)} means nothing for {noun}; leave it out.")
    return method


def methods_of(kind: type[Kind]) -> list[tuple[str, type[Kind]]]:
    """The methods of that `kind` by name."""
    loaded = [(name, METHODS.load(name)) for name in METHODS.names()]
    return [(name, each) for name, each in loaded if issubclass(each, kind)]


def checked_method(wish: PictureWish) -> PictureMethod:
    """The method that is wished for, if it goes with all else.

    Raises
    ------
    UsageError : it does not, or there is no such method.
    """
    method = named_method(wish.method, PictureMethod)  # type: ignore[type-abstract]
    if mistakes := [*_of_method(method, wish), *mistakes_of(wish, method), *_of_course(wish)]:
        raise UsageError("\n".join(mistakes))
    return method


def mistakes_of(wish: Wish, method: PretrainingMethod | None) -> list[str]:
    """What cannot be, whatever is learnt from; `method` is the one named, None: none is."""
    mistakes = []
    if wish.spec.target and (method is None or not method.labelled):
        mistakes.append(_no_targets(wish, method))
    if wish.epochs is not None and wish.epochs < 1:
        mistakes.append(f"--epochs must be at least 1, got {wish.epochs}.")
    if wish.rate is not None and not 0 < wish.rate < 1:
        mistakes.append(f"--rate must lie between 0 and 1, got {wish.rate:g}.")
    return mistakes


def _no_targets(wish: Wish, method: PretrainingMethod | None) -> str:
    """That the `method` looks at no target, or that none is named that does."""
    every = methods_of(PretrainingMethod)  # type: ignore[type-abstract]
    labelled = ", ".join(name for name, kind in every if kind.labelled)
    looks = ": name one with --method" if method is None else f", and {wish.method} looks at none"
    return f"--target is for methods that learn from targets ({labelled}){looks}."


def _of_method(method: PictureMethod, wish: PictureWish) -> list[str]:
    mistakes, own = [], isinstance(method, OwnMethod)
    if own and wish.teacher is not None:
        mistakes.append(f"--method {wish.method} learns without a teacher: leave out --teacher.")
    if isinstance(method, TaughtMethod) and wish.teacher is None:
        mistakes.append(f"--method {wish.method} learns from a teacher: name one with --teacher.")
    if own and wish.course == COURSES[0]:
        mistakes.append(f"--course {COURSES[0]} keeps a teacher's answers, and {wish.method} has no teacher.")
    if wish.spec.engine != AUTO and (own or wish.course == COURSES[1]):
        mistakes.append(ENGINE.format(f"{wish.method} has none" if own else "this one is streamed"))
    return mistakes


def _of_course(wish: PictureWish) -> list[str]:
    mistakes = []
    if wish.student is not None and wish.backbone is not None:
        mistakes.append("--student and --backbone both name what is to learn: leave one of them out.")
    if wish.backbone is not None and wish.fresh:
        mistakes.append("--backbone goes on from its own weights: for --fresh name it with --student.")
    if wish.course not in (AUTO, *COURSES):
        mistakes.append(f"--course must be {AUTO} or one of {', '.join(COURSES)}, got {wish.course!r}.")
    if wish.side is not None and wish.side < SMALLEST:
        mistakes.append(f"--size must be at least {SMALLEST} pixels, got {wish.side}.")
    return mistakes
