"""The randomisation test tells a map of what was learnt from one that any network would draw."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headstart.explanations._output_aim import OutputAim
from headstart.explanations._pixels import PixelParts
from headstart.explanations._randomisation import NETWORKS, randomisation, rank_correlation
from headstart.explanations.base import Asked
from toys import toy_backbone, toy_network, toy_pictures, toy_task


def question() -> Asked:
    task = toy_task(["green", "red"])
    network = toy_network(toy_backbone(), task).eval().requires_grad_(False)
    example = {"pixels": torch.tensor(toy_pictures(1)[0][0])}
    return Asked(
        network, example, OutputAim(task, {}, 0, "green"), PixelParts(example, "pixels", network.backbone.preprocess)
    )


def test_ranks_by_hand() -> None:
    """Spearman: 1 - 6 Σd² / (n (n² - 1)); two neighbours of four exchanged: 1 - 6 · 2 / 60."""
    assert rank_correlation(torch.tensor([1.0, 2, 3, 4]), torch.tensor([1.0, 2, 4, 3])) == pytest.approx(0.8)
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.tensor([30.0, 20, 10])) == pytest.approx(-1)
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.ones(3)) == 0
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.tensor([1.0, float("nan"), 3])) == 0


def test_a_correlation_of_equal_values_by_hand() -> None:
    # Places 0, 1.5, 1.5, 3 and 0, 1, 2, 3: covariance 4.5 over the root of 4.5 * 5.
    tied = rank_correlation(torch.tensor([1.0, 2, 2, 3]), torch.tensor([1.0, 2, 3, 4]))
    assert tied == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_a_map_of_the_picture_alone_survives() -> None:
    """An edge detector does not ask the network (Adebayo et al. 2018)."""

    def edges(asked: Asked) -> Tensor:
        return asked.example["pixels"].diff(dim=2, append=asked.example["pixels"][:, :, -1:]).abs().sum(0)

    asked = question()
    check = randomisation(asked, edges(asked), edges)
    assert check.value.value == pytest.approx(1)
    assert check.passed is False
    assert check.decides
    assert "not to be trusted" in check.summary


def test_a_map_of_the_weights_does_not() -> None:
    def weights(asked: Asked) -> Tensor:
        return next(p for p in asked.network.parameters() if p.numel() >= 64).flatten()[:64].view(8, 8)

    asked = question()
    check = randomisation(asked, weights(asked), weights)
    assert abs(check.value.value) < 0.3
    assert check.passed
    assert f"{NETWORKS} networks" in check.summary


def test_two_words_are_too_few() -> None:
    asked = question()
    assert asked.parts is not None
    asked.parts.count = 2
    assert randomisation(asked, torch.zeros(8, 8), lambda asked: torch.zeros(8, 8)).passed is None
