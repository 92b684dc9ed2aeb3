"""The doubt of a mask, and whether it is believed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from headstart.core.results import Figure
from headstart.explanations.base import Explained
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
