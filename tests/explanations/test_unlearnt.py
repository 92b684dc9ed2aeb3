"""Networks without their learning: shuffled once, with statistics that suit them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from headstart.explanations import _unlearnt
from headstart.explanations._unlearnt import Unlearnt, _in_random_order, drawn_pictures
from headstart.model.network import Network
from toys import toy_backbone, toy_network, toy_pictures, toy_task


def network() -> Network:
    return toy_network(toy_backbone(), toy_task(["green", "red"])).eval().requires_grad_(False)


def batch(place: int = 0) -> dict[str, Tensor]:
    return {"pixels": torch.tensor(toy_pictures(4)[0][place])[None]}


def test_a_large_tensor_is_drawn_from_its_own_values() -> None:
    values = torch.arange(2_000_000.0)
    drawn = _in_random_order(values, torch.Generator().manual_seed(0))
    assert bool(torch.isin(drawn, values).all())
    assert drawn.shape == values.shape
    assert float(drawn.mean()) == pytest.approx(999_999.5, rel=0.02)
    assert abs(float(torch.corrcoef(torch.stack([values, drawn]))[0, 1])) < 0.05
    few = _in_random_order(values[:100], torch.Generator().manual_seed(0))
    assert sorted(few.tolist()) == values[:100].tolist()


def test_statistics_follow_the_shuffled_weights_and_not_the_input() -> None:
    made, other = (Unlearnt(network()).network(batch(place), seed=0) for place in (0, 1))
    norm = next(module for module in made.modules() if isinstance(module, nn.BatchNorm2d))
    seen: list[Tensor] = []
    norm.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    pictures = drawn_pictures((64, *batch()["pixels"].shape[1:]), torch.Generator().manual_seed(7))
    made({"pixels": pictures})
    measured = seen[0].var((0, 2, 3))
    assert torch.allclose(norm.running_var.log(), measured.log(), atol=1.0)  # type: ignore[union-attr, operator]
    assert not norm.training
    states = zip(made.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)


def test_drawn_pictures_have_the_spectrum_of_photographs() -> None:
    """Amplitude times frequency is the same at all frequencies; white noise's rises."""
    drawn = drawn_pictures((64, 3, 64, 64), torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean((2, 3)), torch.zeros(64, 3), atol=1e-5)
    assert torch.allclose(drawn.std((2, 3)), torch.ones(64, 3), atol=1e-4)
    amplitude = torch.fft.rfft2(drawn).abs().mean((0, 1))
    assert float(amplitude[0, 4] * 4) == pytest.approx(float(amplitude[0, 16] * 16), rel=0.15)


def test_each_copy_is_made_once_while_they_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = network()
    kept = Unlearnt(learnt)
    assert kept.network(batch(0), 3) is kept.network(batch(1), 3)
    assert kept.network(batch(0), 4) is not kept.network(batch(0), 3)
    monkeypatch.setattr(_unlearnt, "_KEPT_BYTES", 10)
    large = Unlearnt(learnt)
    first = {name: tensor.clone() for name, tensor in large.network(batch(0), 3).state_dict().items()}
    assert not same_state(large.network(batch(0), 4).state_dict(), first)
    assert same_state(large.network(batch(0), 3).state_dict(), first)


def test_what_has_learnt_may_be_at_work_while_it_is_shuffled() -> None:
    """Hooks that a pass hangs on the network do not come along with a copy."""
    learnt = network()
    unlearnt, seen = Unlearnt(learnt).ready(), list[nn.Module]()
    for module in learnt.modules():
        module.register_forward_pre_hook(lambda module, args: seen.append(module))
    unlearnt.network(batch(0), 3)(batch(0))
    assert not seen


def same_state(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)
