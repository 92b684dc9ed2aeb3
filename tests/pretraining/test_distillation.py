"""Distillation by hand: the two losses, and what settings are refused."""

from __future__ import annotations

import pytest
import torch

from headstart.core.errors import UsageError
from headstart.core.settings import with_settings
from headstart.pretraining import METHODS
from headstart.pretraining.distillation import Distillation, similarities


def test_similarities_by_hand() -> None:
    """Rows (2, 0), (0, 2), (1, 1) lie about (1, 1): (1, -1), (-1, 1) and nothing."""
    found = similarities(torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]))
    assert torch.allclose(found, torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), atol=1e-6)


def test_the_loss_by_hand() -> None:
    """Answers 1 and 3 are -1 and 1 once standardised; the map gives 0 and 2.

    Smooth L1 of two differences of 1 is 0.5; both networks find the two rows opposite, so the relations agree.
    """
    answers = torch.tensor([[1.0], [3.0]])
    lesson = Distillation().lesson(1, answers)
    with torch.no_grad():
        lesson.map.weight.fill_(2.0)
        lesson.map.bias.fill_(0.0)
    assert lesson(torch.tensor([[0.0], [1.0]]), answers).item() == pytest.approx(0.5)
    # the same features in both rows: nothing is told apart, where the teacher says 1 and -1
    only_relations = Distillation(features=0.0, relations=2.0).lesson(1, answers)
    assert only_relations(torch.ones(2, 1), answers).item() == pytest.approx(2.0)


def test_weights_that_teach_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="features=0,relations=0,maps=1 weighs nothing to learn"):
        with_settings(METHODS, "distillation:features=0,relations=0", "--method").check()
    with pytest.raises(UsageError, match="weighs nothing"):
        Distillation(features=-1.0).check()
