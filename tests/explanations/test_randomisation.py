"""The randomisation test tells a map of what was learnt from one that any network would draw."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.explanations._aim import Aim
from headstart.explanations._pixels import PixelParts
from headstart.explanations._randomisation import (
    NETWORKS,
    _in_random_order,
    randomisation,
    rank_correlation,
    shuffled,
)
from headstart.explanations.base import Asked
from toys import toy_backbone, toy_network, toy_pictures, toy_task


def question() -> Asked:
    task = toy_task(["green", "red"])
    network = toy_network(toy_backbone(), task).eval().requires_grad_(False)
    example = {"pixels": torch.tensor(toy_pictures(1)[0][0])}
    return Asked(
        network, example, Aim(task, {}, 0, "green"), PixelParts(example, "pixels", network.backbone.preprocess)
    )


def test_ranks_by_hand() -> None:
    """Spearman: 1 - 6 Σd² / (n (n² - 1)); two neighbours of four exchanged: 1 - 6 · 2 / 60."""
    assert rank_correlation(torch.tensor([1.0, 2, 3, 4]), torch.tensor([1.0, 2, 4, 3])) == pytest.approx(0.8)
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.tensor([30.0, 20, 10])) == pytest.approx(-1)
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.ones(3)) == 0
    assert rank_correlation(torch.tensor([1.0, 2, 3]), torch.tensor([1.0, float("nan"), 3])) == 0


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


def test_a_large_tensor_is_drawn_from_its_own_values() -> None:
    values = torch.arange(2_000_000.0)
    drawn = _in_random_order(values, torch.Generator().manual_seed(0))
    assert bool(torch.isin(drawn, values).all())
    assert drawn.shape == values.shape
    assert float(drawn.mean()) == pytest.approx(999_999.5, rel=0.02)
    assert abs(rank_correlation(values, drawn)) < 0.05
    few = _in_random_order(values[:100], torch.Generator().manual_seed(0))
    assert sorted(few.tolist()) == values[:100].tolist()


def test_shuffling_measures_the_normalisation_anew() -> None:
    asked = question()
    made = shuffled(asked.network, asked.batch, seed=0)
    norm = next(module for module in made.modules() if isinstance(module, nn.BatchNorm2d))
    seen: list[Tensor] = []
    norm.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    made(asked.batch)
    # A turned picture differs from the plain one only in what a 3 × 3 filter makes of it: the means lie close.
    assert torch.allclose(norm.running_mean, seen[0].mean((0, 2, 3)), atol=0.2)  # type: ignore[arg-type]
    assert not norm.training


def test_two_words_are_too_few() -> None:
    asked = question()
    assert asked.parts is not None
    asked.parts.count = 2
    assert randomisation(asked, torch.zeros(8, 8), lambda asked: torch.zeros(8, 8)).passed is None
