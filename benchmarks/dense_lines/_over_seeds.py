"""Figures of several seeds: each as it is, then their mean with its interval over the seeds, which is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from figures import mean_over_seeds

from dense_lines._asked import row

Key = tuple[str, str, str]
"""What was measured, the set and the figure."""


@dataclass
class OverSeeds:
    """Takes the figures of one seed after the other, of which there will be `seeds`; of one alone each is judged."""

    seeds: int
    _found: dict[Key, tuple[str, list[float]]] = field(default_factory=dict)

    def row(
        self, measured: str, name: str, seed: int, figure: str, value: float, must: str, note: str = "",
        low: float | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The row of a seed, whose `value` counts for the mean.

        Parameters
        ----------
        low : where its interval begins, if that is what is shown and judged, as of a loss that none is to be.
        """
        _, values = self._found.setdefault((measured, name, figure), (must, []))
        values.append(value)
        shown = value if low is None else low
        return row(measured, name, seed, figure, shown, "" if self.seeds > 1 else must, note)

    def means(self, low: bool = False) -> Iterator[dict[str, Any]]:
        """A row for each figure that more than one seed gave: its mean, or the `low` end of the mean's interval."""
        for (measured, name, figure), (must, values) in self._found.items():
            if len(values) > 1:
                mean, lowest, highest = mean_over_seeds(values)
                note = f"{mean:+.3f} [{lowest:+.3f}, {highest:+.3f}] over {len(values)} seeds"
                yield {**row(measured, name, 0, figure, lowest if low else mean, must, note), "seed": "mean"}
