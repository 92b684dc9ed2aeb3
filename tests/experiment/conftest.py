"""What the tests of whole fits share: less of what takes most of their time and is looked at in few of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headstart.core import statistics
from headstart.experiment.presentation import evidence
from headstart.tasks.finding import mask_branches


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """A hundred draws for an interval of which the width is not looked at; a thousand take most of a short fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_MOST_INDICES", 1)
        yield


@pytest.fixture(scope="module")
def narrow_masks() -> Iterator[None]:
    """New mask layers of 32 channels; with 64 they take most of a fit on a miniature."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask_branches, "CHANNELS", 32)
        yield


@pytest.fixture
def one_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that is found in a picture the surest alone is explained."""
    monkeypatch.setattr("headstart.explanations._aims.MOST", 1)


@pytest.fixture
def few_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report explains what fits into its share of a short fit, which is next to nothing."""
    monkeypatch.setattr(evidence, "FOR_THE_FIRST", 0.0)
