"""Sound folders of annotations with one thing broken, and whether what is said of it is clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headstart.core.errors import InputError
from headstart.data.read import read
from headstart.data.readers.base import Request

Change = Callable[[Path], Any]
"""Breaks something in a sound folder."""


class Broken(NamedTuple):
    """A format: what writes a ``sound`` folder, and its ``cases``, each a change and words of what is then said.

    ``always`` is said of each of them. ``asked`` are further words of the request.
    """

    sound: Callable[[Path], Path]
    cases: Mapping[str, tuple[Change, str]]
    always: str = ""
    asked: Mapping[str, Any] = {}

    def said_of(self, case: str, root: Path) -> str:
        """What is said of the folder below `root` once it is broken; empty where it is read.

        Raises
        ------
        Exception : whatever is raised that is no mistake of the input.
        """
        self.cases[case][0](self.sound(root))
        try:
            read(Request(root, **self.asked))
        except InputError as error:
            return str(error)
        return ""

    def is_clear(self, case: str, said: str) -> bool:
        """Whether the words are there, with the file that they are about."""
        return self.cases[case][1] in said and self.always in said
