"""VICReg by hand: its three terms, and what settings are refused."""

from __future__ import annotations

import math

import pytest
import torch

from headstart.core.errors import UsageError
from headstart.pretraining.vicreg import SLIGHT, JointEmbedding, Vicreg, narrowness, redundancy


def test_how_narrow_features_are_by_hand() -> None:
    """Columns (0, 2) and (1, 1): variance 2 is wide enough, variance 0 is 1 - √ε short; their mean."""
    found = narrowness(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))
    assert found.item() == pytest.approx((1 - math.sqrt(SLIGHT)) / 2)


def test_how_redundant_features_are_by_hand() -> None:
    """Columns (-1, 1), (-2, 2) and (3, 3): the first two vary together by 4, twice, over three columns."""
    found = redundancy(torch.tensor([[-1.0, -2.0, 3.0], [1.0, 2.0, 3.0]]))
    assert found.item() == pytest.approx(2 * 4.0**2 / 3)


def test_the_loss_by_hand() -> None:
    """Rows of Z are (0, 0) and (2, 2), those of Z' (0, 1) and (2, 1).

    Two of four numbers differ by 1: invariance 1/2. Only the second column of Z' is narrow. The covariance of Z is 2,
    twice, over two columns; that of Z' is 0.
    """
    one, other = torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([[0.0, 1.0], [2.0, 1.0]])
    lesson = JointEmbedding(3, 2, invariance=2.0, variance=3.0, covariance=5.0)
    expected = 2.0 * 0.5 + 3.0 * (1 - math.sqrt(SLIGHT)) / 2 + 5.0 * (2 * 2.0**2 / 2)
    assert lesson.compared(one, other).item() == pytest.approx(expected)


def test_features_that_are_all_alike_cost_most() -> None:
    lesson, random = JointEmbedding(3, 8, 25.0, 25.0, 1.0), torch.Generator().manual_seed(0)
    varied = 2 * torch.randn(512, 8, generator=random)
    assert lesson.compared(varied, varied).item() < 1.0
    alike = torch.ones(512, 8)
    assert lesson.compared(alike, alike).item() == pytest.approx(2 * 25 * (1 - math.sqrt(SLIGHT)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"invariance": 0.0},
        {"variance": 0.0},
        {"covariance": -1.0},
        {"width": 0},
        {"smallest": 0.0},
        {"smallest": 2.0},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    Vicreg().check()
    with pytest.raises(UsageError, match=r"vicreg:.*must be"):
        Vicreg(**wrong).check()
