"""The errors a person may meet, each with an exit status and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class HeadstartError(Exception):
    """Anything headstart raises on purpose. ``exit_status`` is what the command line returns."""

    exit_status = 1


class UsageError(HeadstartError):
    """The command or call itself is wrong: an unknown option value, a missing argument."""

    exit_status = 2


class NotYet(UsageError):
    """Something reserved for later work, named clearly instead of done halfway."""


class NotWritten(HeadstartError):
    """A file or folder could not be written; ``why`` is what the system says, that the disk is full for example."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what)
        self.why = why


class MissingDependency(HeadstartError):
    """An optional library is needed here and is not installed; the message names the extra."""


class WordsUnread(HeadstartError):
    """A backbone cannot be told names, for its tokenizer cannot be read; what needs no names can go on."""


class FrozenPartChanged(HeadstartError):
    """A frozen parameter or buffer differs after training: a defect, never to be ignored."""


class Interrupted(HeadstartError):
    """The person pressed Ctrl-C; what was done so far is kept for ``--resume``."""

    exit_status = 130


@dataclass(frozen=True)
class Problem:
    """One mistake of the input: where it is (file or row), what is wrong, and what to do."""

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.fix})" if self.fix else "")


class InputError(HeadstartError):
    """Every mistake found in the source data, together.

    Parameters
    ----------
    problems : the mistakes, each with its file or row.
    summary : a first line that says what could not be done.
    """

    shown = 20

    def __init__(self, problems: Sequence[Problem] | Problem | str, summary: str = "") -> None:
        if isinstance(problems, str):
            summary, problems = problems, []
        self.summary = summary
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        lines = [summary] if summary else []
        lines += [f"  - {problem}" if summary else str(problem) for problem in self.problems[: self.shown]]
        if len(self.problems) > self.shown:
            lines.append(f"  … and {len(self.problems) - self.shown} more")
        super().__init__("\n".join(lines))


class NoTargets(InputError):
    """The source data hold inputs, and nothing that could be their targets."""


class NoneHeldOut(InputError):
    """No example can be held out to judge by: they are too few, or all belong together."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The words " Did you mean 'x'?" for the allowed name closest to `given`, or nothing."""
    close = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def first_line(error: Exception, longest: int | None = None) -> str:
    """What an error says, in short, of at most so many characters; its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:longest]
