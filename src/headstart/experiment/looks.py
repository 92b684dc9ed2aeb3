"""What inputs look like, kept in the store by content; in memory where there is none, or no room."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
import torch

from headstart.core.errors import HeadstartError, InputError, Problem
from headstart.data.checks import Checked
from headstart.data.looks import Looks
from headstart.data.modalities.base import Look, Modality
from headstart.frozen.store import FrontierStore, NotStored, Space

AT_A_TIME = 1024
"""Looks read from the store at once."""

SKETCH, SHALLOW = "sketch", "shallow"

Columns = dict[str, np.ndarray]
"""Traits (N,) float64; sketches (N, S) and shallow features (N, D), float32, where there are any."""


class KeptLooks:
    """Looks by content digest, as :class:`headstart.data.looks.LookMemory` asks for.

    Parameters
    ----------
    store : where they outlast this process; None for nowhere. Nor are looks kept there that cost less than reading.
    """

    def __init__(self, store: FrontierStore | None, modality: Modality) -> None:
        self._space: Space | None = None
        if store is not None and modality.looked_by:
            about = f"looks at {modality.noun}"
            self._space = store.space("", "", f"a look by {modality.looked_by}", 0, about)
        self._here: dict[str, tuple[Columns, int]] = {}

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._here or (self._space is not None and fingerprint in self._space)

    def add(self, fingerprints: Sequence[str], looks: Sequence[Look]) -> None:
        """Remember what N ≥ 1 inputs look like."""
        columns = _columns(looks)
        if not self._written(fingerprints, columns):
            self._here.update({fingerprint: (columns, row) for row, fingerprint in enumerate(fingerprints)})

    def _written(self, fingerprints: Sequence[str], columns: Columns) -> bool:
        if self._space is None:
            return False
        tensors = {name: torch.from_numpy(column) for name, column in columns.items()}
        examples = [{name: tensor[row] for name, tensor in tensors.items()} for row in range(len(fingerprints))]
        with contextlib.suppress(HeadstartError):  # a full disk: nothing is lost but the next fit's time
            return self._space.write(fingerprints, examples)
        return False

    def of(self, fingerprints: Sequence[str], again: Callable[[int], Look]) -> Looks:
        """The looks at N ≥ 1 inputs, in order.

        Parameters
        ----------
        again : looks at one of them, by its place, anew; asked where another process cleared the store meanwhile.
        """
        whole = self._whole(fingerprints, again, lambda name: name != SHALLOW)
        return Looks({name: column for name, column in whole.items() if name != SKETCH}, whole.get(SKETCH))

    def shallow(self, fingerprints: Sequence[str], again: Callable[[int], Look]) -> np.ndarray | None:
        """Their shallow features (N, D), as :meth:`of` gives their looks; None where the modality has none."""
        return self._whole(fingerprints, again, lambda name: name == SHALLOW).get(SHALLOW)

    def _whole(
        self, fingerprints: Sequence[str], again: Callable[[int], Look], wanted: Callable[[str], bool]
    ) -> Columns:
        whole: Columns = {}
        for start in range(0, len(fingerprints), AT_A_TIME):
            part = fingerprints[start : start + AT_A_TIME]
            for name, column in self._part(part, start, again).items():
                if wanted(name):
                    room = whole.setdefault(name, np.empty((len(fingerprints), *column.shape[1:]), column.dtype))
                    room[start : start + len(part)] = column
        return whole

    def _part(self, fingerprints: Sequence[str], start: int, again: Callable[[int], Look]) -> Columns:
        with contextlib.suppress(NotStored):
            if self._space is not None:
                return {name: column.numpy() for name, column in self._space.read_many(fingerprints).items()}
        rows = [self._here.get(key) or self._one(key, start + i, again) for i, key in enumerate(fingerprints)]
        return {name: np.stack([columns[name][row] for columns, row in rows]) for name in rows[0][0]}

    def _one(self, fingerprint: str, place: int, again: Callable[[int], Look]) -> tuple[Columns, int]:
        with contextlib.suppress(NotStored):
            if self._space is not None:
                return {name: c.numpy() for name, c in self._space.read_many([fingerprint]).items()}, 0
        return _columns([again(place)]), 0


def looks_of(checked: Checked, modality: Modality, looked: KeptLooks) -> Looks:
    """What all usable examples look like, in order.

    Raises
    ------
    InputError : an input vanished since it was checked, and what it looks like is not kept.
    """
    examples = checked.examples

    def again(place: int) -> Look:
        try:
            return modality.look(examples.references[place])
        except ValueError as error:
            raise InputError(Problem(examples.ids[place], str(error), "it was readable a moment ago")) from error

    return looked.of(checked.fingerprints, again)


def _columns(looks: Sequence[Look]) -> Columns:
    columns = {name: np.array([look.traits[name] for look in looks], dtype=np.float64) for name in looks[0].traits}
    for name, given in ((SKETCH, [look.sketch for look in looks]), (SHALLOW, [look.shallow for look in looks])):
        known = [one for one in given if one is not None]
        if known:
            columns[name] = np.stack(known)
    return columns
