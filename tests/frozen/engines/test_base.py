"""When two engines' outputs count as the same function."""

from __future__ import annotations

import pytest
import torch

from headstart.frozen.engines.base import Agreement, Tolerance, agreement, agrees

REFERENCE = {"a": torch.linspace(-1, 2, 60).view(3, 20), "b": torch.ones(3)}


def changed(**tensors: torch.Tensor) -> dict[str, torch.Tensor]:
    return {**REFERENCE, **tensors}


def test_rounding_is_agreed_with():
    assert agrees(REFERENCE, REFERENCE)
    assert agrees(REFERENCE, changed(a=REFERENCE["a"] + 1e-4))
    assert agrees({"a": torch.zeros(3)}, {"a": torch.zeros(3)})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(changed(a=REFERENCE["a"] * 1.01), id="scaled"),
        pytest.param(changed(a=REFERENCE["a"] + 0.01), id="shifted"),
        pytest.param(changed(a=REFERENCE["a"].flip(0)), id="examples exchanged"),
        pytest.param(changed(a=torch.where(REFERENCE["a"] == 2, 2.01, REFERENCE["a"])), id="one number off"),
        pytest.param(changed(a=torch.full((3, 20), float("nan"))), id="not numbers"),
        pytest.param(changed(b=torch.ones(3, 1, 1)[:2]), id="an example short"),
        pytest.param({"a": REFERENCE["a"]}, id="a tensor missing"),
        pytest.param(changed(c=torch.ones(3)), id="a tensor too many"),
    ],
)
def test_another_function_is_refused(other: dict[str, torch.Tensor]):
    assert not agrees(REFERENCE, other)


def test_noise_around_nothing_is_refused():
    assert not agrees({"a": torch.zeros(3)}, {"a": torch.full((3,), 1e-3)})


def test_how_far_it_is_by_hand():
    # By hand: 3 is off by 0.3 of at most 4; (3, 4) and (4, 3) have the cosine 24 / 25.
    found = agreement({"a": torch.tensor([[3.0, 4.0], [0.0, 0.0]])}, {"a": torch.tensor([[2.7, 4.0], [0.0, 0.0]])})
    assert found.largest == pytest.approx(0.3 / 4)
    turned = agreement({"a": torch.tensor([[3.0, 4.0], [1.0, 0.0]])}, {"a": torch.tensor([[4.0, 3.0], [1.0, 0.0]])})
    assert turned == (pytest.approx(1 / 4), pytest.approx(24 / 25))
    assert turned.within(Tolerance(0.3, 0.9))
    assert not turned.within(Tolerance(0.3, 0.97))
    assert not turned.within(Tolerance(0.2, 0.9))


def test_the_worse_of_two_is_a_nan_where_there_is_one():
    near, far, none = Agreement(0.1, 0.9), Agreement(0.2, 0.8), Agreement(float("nan"), float("nan"))
    assert near.worse(far) == far.worse(near) == far
    for found in (near.worse(none), none.worse(near)):
        assert found.largest != found.largest
        assert found.cosine != found.cosine
        assert not found.within(Tolerance(1e9, -2.0))
