"""When two engines' outputs count as the same function."""

from __future__ import annotations

import pytest
import torch

from headstart.frozen.engines.base import agrees

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
