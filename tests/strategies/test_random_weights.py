"""The same network with random weights: pretraining is really gone, and what a head on it takes is predicted."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headstart.core.errors import HeadstartError
from headstart.strategies._random_weights import random_weights_cost, randomised
from toys import same_state, toy_backbone, toy_bench, toy_pictures


@pytest.fixture
def bench(tmp_path):
    pictures, labels = toy_pictures(40)
    return toy_bench(toy_backbone(), tmp_path, pictures, labels, held_out=10)


def test_nothing_learnt_is_left_and_the_original_is_untouched(bench):
    backbone = toy_backbone()
    before = copy.deepcopy(backbone)
    fresh = randomised(backbone, bench)
    assert same_state(backbone, before)
    assert not any(
        torch.equal(a, b) for a, b in zip(backbone.parameters(), fresh.parameters(), strict=True) if a.dim() > 1
    )
    assert not fresh.training
    assert same_state(fresh, randomised(backbone, bench))


def test_its_statistics_are_those_of_the_examples(bench):
    fresh = randomised(toy_backbone(), bench)
    places = np.random.default_rng(bench.seed).permutation(30)[:7]  # a quarter of what is learnt from
    pictures = torch.stack([bench.train.tensors(i)["pixels"] for i in places])
    with torch.inference_mode():
        first = fresh.network[0](pictures)
    assert torch.allclose(fresh.network[1].running_mean, first.mean((0, 2, 3)), atol=1e-5)


def test_parameters_without_a_reset_are_shuffled(bench):
    backbone = toy_backbone()
    backbone.token = nn.Parameter(torch.arange(12.0).view(3, 4))
    token = randomised(backbone, bench).token
    assert not torch.equal(token, backbone.token)
    assert sorted(token.flatten().tolist()) == list(range(12))


def test_a_network_that_keeps_its_weights_is_an_error(bench):
    backbone = toy_backbone()
    backbone.network[0].reset_parameters = lambda: None
    with pytest.raises(HeadstartError, match=r"1 weights.*'network\.0\.weight'"):
        randomised(backbone, bench)


class Flat(nn.Module):
    """Gives its input (N, C, H, W), and takes for granted that a picture's numbers lie in that order."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(len(x), -1).view(x.shape)


def test_kernels_lie_as_plain_pytorch_runs_them_fastest_where_the_network_allows_it(bench):
    backbone = toy_backbone()
    assert randomised(backbone, bench).network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert backbone.network[0].weight.is_contiguous(), "the original stays as it is"
    backbone.network[1] = nn.Sequential(Flat(), backbone.network[1])
    assert randomised(backbone, bench).network[0].weight.is_contiguous()


def test_a_network_without_normalisation_has_no_statistics_to_take(bench):
    """At 2 s each: 30 inputs to learn from, 10 others, and a quarter of the 30 once more for the statistics."""
    backbone = toy_backbone()
    assert random_weights_cost(bench, backbone, each=2.0).of(30, 10) == pytest.approx(94, abs=1)
    for name, module in list(backbone.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            backbone.set_submodule(name, nn.Identity())
    assert random_weights_cost(bench, backbone, each=2.0).of(30, 10) == pytest.approx(80, abs=1)


def test_what_takes_longer_with_more_examples_is_predicted_so(bench):
    cost = random_weights_cost(bench, toy_backbone())
    assert 0 < cost.of(10, 10) < cost.of(30, 10)
