"""The latest matchings of what was found with what is marked, for those who ask for the same one again."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from headstart.core.arrays import bytes_of
from headstart.core.files import digest
from headstart.tasks._resampling import to_array
from headstart.tasks.shapes.box_matching import Matched

REMEMBERED = 4


class RecentMatches:
    """Of the last few outputs and targets, told by their content, what came of matching them.

    Figures, mistakes, charts and calibration of the same answers each ask for the whole matching, which takes longer
    than all that they make of it.
    """

    def __init__(self) -> None:
        self._known: dict[str, list[Matched]] = {}

    def of(self, outputs: Tensor, encoded: Tensor, match: Callable[[Tensor, Tensor], list[Matched]]) -> list[Matched]:
        """What `match` gives for them: one entry a class, not to be written to."""
        arrays = [to_array(tensor) for tensor in (outputs, encoded)]
        asked = digest(*(part for array in arrays for part in (str(array.shape), bytes_of(array))))
        found = self._known.pop(asked, None)  # whole at any moment: several threads may ask
        if found is None:
            found = match(outputs, encoded)
        self._known[asked] = found
        for oldest in list(self._known)[:-REMEMBERED]:
            self._known.pop(oldest, None)
        return found
