"""The doubt of a mask, and whether it is believed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from headstart.core.results import Figure
from headstart.explanations.base import Explained, MaskAim
from headstart.explanations.doubt import Doubt


@pytest.mark.parametrize(
    ("figure", "passed", "words"),
    [
        (Figure(0.9, 0.85, 0.95), True, "its doubt tells where it errs"),
        (Figure(0.6, 0.45, 0.7), False, "does not tell where it errs"),
        (None, None, "not measured"),
    ],
)
def test_it_is_believed_where_the_model_was_less_sure_when_wrong(
    figure: Figure | None, passed: bool | None, words: str
) -> None:
    asked: Any = SimpleNamespace(measured={"doubt_auroc": figure} if figure else {})
    (check,) = Doubt().checks(asked, Explained())
    assert check.decides
    assert check.passed is passed
    assert words in check.summary


def test_what_is_drawn_strongest_is_at_least_as_likely_wrong_as_right() -> None:
    """Of many classes the likeliest may be less likely than all others together, and no other be as likely as it."""
    aim = object.__new__(MaskAim)
    aim.doubts = torch.tensor([[0.1, 0.5, 0.9]])
    asked: Any = SimpleNamespace(aim=aim)
    explained = Doubt().explain(asked)
    assert explained.map is not None
    assert explained.map[0].tolist() == pytest.approx([0.2, 1.0, 1.0])
    assert "at least as likely wrong as right" in explained.caption
