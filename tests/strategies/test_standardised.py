"""Standardised features and their coordinates, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headstart.strategies._standardised import Standardised


@pytest.mark.parametrize(("count", "width"), [(12, 30), (40, 7)])
def test_outputs_on_coordinates_are_outputs_on_the_raw_features(count: int, width: int):
    random = np.random.default_rng(0)
    features = torch.from_numpy(random.normal(50, 3, (count, width)) * random.uniform(0.1, 9, width)).float()
    space = Standardised.of(features)
    assert space.coordinates.shape == (count, min(count, width) + 1)
    both = torch.from_numpy(random.normal(0, 1, (2, min(count, width) + 1))).float()
    weight, bias = space.unscaled(both)
    assert weight.shape == (2, width)
    given = features.double() @ weight.double().T + bias.double()
    torch.testing.assert_close(given, (space.coordinates @ both.T).double(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("count", "width"), [(12, 30), (40, 7)])
def test_a_head_brought_onto_the_coordinates_gives_what_it_gave(count: int, width: int):
    random = np.random.default_rng(1)
    features = torch.from_numpy(random.normal(5, 3, (count, width))).float()
    features[:, 2] = 4.0  # constant: its weight is lost, and what it adds to every output with it
    weight, bias = torch.from_numpy(random.normal(0, 1, (2, width))).float(), torch.tensor([0.5, -2.0])
    weight[:, 2] = 0.0
    space = Standardised.of(features)
    both = space.on_coordinates(weight, bias)
    assert both.shape == (2, min(count, width) + 1)
    torch.testing.assert_close(space.coordinates @ both.T, features @ weight.T + bias, rtol=1e-3, atol=1e-3)


def test_the_mean_is_nought_and_the_spread_one_in_single_precision_far_from_nought():
    """Standard deviation 1 about 10,000, where sums of squares in single precision would lose it."""
    features = torch.from_numpy(np.random.default_rng(0).normal(1e4, 1, (500, 3))).float()
    scaled = Standardised.of(features).coordinates
    torch.testing.assert_close(scaled[:, :3].mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled[:, :3].std(0, correction=0), torch.ones(3), atol=1e-4, rtol=0)
    assert torch.equal(scaled[:, 3], torch.ones(500))


def test_coordinates_of_few_examples_keep_their_products():
    features = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (8, 20))).float()
    x = (features - features.mean(0)) / features.std(0, correction=0)
    coordinates = Standardised.of(features).coordinates[:, :-1]
    torch.testing.assert_close(coordinates @ coordinates.T, x @ x.T, rtol=1e-4, atol=1e-4)


def test_the_same_example_twice_and_constant_features_do_no_harm():
    features = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (6, 20))).float()
    features = torch.cat([features, features, features])
    features[:, 3] = 7.0
    space = Standardised.of(features)
    assert torch.isfinite(space.coordinates).all()
    weight, bias = space.unscaled(torch.ones(1, space.coordinates.shape[1]))
    assert torch.isfinite(weight).all()
    assert weight[0, 3] == 0
    assert torch.isfinite(bias).all()


def test_what_stands_in_a_room_of_its_own_is_used_up_and_comes_out_the_same():
    features = torch.from_numpy(np.random.default_rng(2).normal(3, 2, (30, 5))).float()
    room = torch.cat([features, torch.zeros(30, 1)], dim=1)
    within, apart = Standardised.within(room), Standardised.of(features)
    assert torch.equal(within.coordinates, apart.coordinates)
    assert within.coordinates.data_ptr() == room.data_ptr()
