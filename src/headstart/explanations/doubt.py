"""Doubt: how unsure a mask is of its class, place by place."""

from __future__ import annotations

import math

from headstart.core.results import Figure
from headstart.explanations.base import Asked, Check, Explained, Explanation, MaskAim

FIGURE = "doubt_auroc"
"""The figure of the task by which it is checked."""

MOST = 0.5
"""The doubt that is shown as the most: of two classes none is larger, of more some are."""


class Doubt(Explanation):
    """1 - the calibrated probability of the class that a place was given; drawn under the edges of the mask."""

    about = MaskAim

    def unsuited(self, asked: Asked) -> str | None:
        return None if asked.parts else "it shows places in pictures, and this input has none"

    def explain(self, asked: Asked) -> Explained:
        """(H, W) from 0, sure, to 1, at least as likely wrong as right."""
        if not isinstance(asked.aim, MaskAim):
            return Explained()
        said = (
            "doubt: where the mask is unsure of its class (strongest: at least as likely wrong as right), and the "
            "edges of the mask"
        )
        return Explained((asked.aim.doubts / MOST).clamp(0.0, 1.0).float(), as_it_is=True, caption=said)

    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """Whether the model was less sure where it was wrong, on the pictures that judged it."""
        figure = (asked.measured or {}).get(FIGURE)
        if figure is None or math.isnan(figure.value):
            unknown = "Whether it is less sure where it is wrong was not measured; fit it again to know."
            return [Check("where_it_errs", Figure(math.nan, math.nan, math.nan), None, unknown, decides=True)]
        passed = figure.low > 0.5
        verdict = "its doubt tells where it errs" if passed else "its doubt does not tell where it errs"
        summary = (
            f"On the pictures that judged the model, a wrong place is less sure than a right one in "
            f"{100 * figure.value:.1f} % of pairs ({100 * figure.low:.1f} to {100 * figure.high:.1f} %; by chance "
            f"50 %): {verdict}."
        )
        return [Check("where_it_errs", figure, passed, summary, decides=True)]
