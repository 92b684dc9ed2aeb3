"""Start-up: what importing headstart, and asking it for help, cost over a Python that does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from target import Target

from lines._processes import start
from lines._row import Row, Side
from lines._work import Work, interleaved

REPEATS = 5
"""At least so many, for these take a fraction of a second."""

BARE, IMPORT, HELP = "python -c pass", "import headstart", "headstart --help"


def measure(work: Work) -> Iterator[Row]:
    """Two rows; the figures are differences in wall seconds."""
    commands = {BARE: ["-c", "pass"], IMPORT: ["-c", "import headstart"], HELP: ["-m", "headstart", "--help"]}
    for command in commands.values():  # compiled files and the disk's cache are there from the second time on
        start(work, command)
    sides = {name: (lambda command=command: start(work, command)) for name, command in commands.items()}
    found = {name: Side.of(name, runs) for name, runs in interleaved(max(work.repeats, REPEATS), sides).items()}
    bare = found[BARE]
    for name, bound in ((IMPORT, 0.15), (HELP, 0.4)):
        more = found[name].seconds - bare.seconds
        yield Row("start_up", f"{name}, beyond {BARE}", found[name], bare, more, Target(bound), "s more")
