"""The digest of weights is taken once, and anew whenever anything has touched them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from headstart.frozen import _weights_digest
from headstart.frozen._weights_digest import weights_digest


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tensors each real reading of all weights had."""
    counts: list[int] = []
    real = _weights_digest._digest

    def counted(tensors: dict[str, Tensor]) -> str:
        counts.append(len(tensors))
        return real(tensors)

    monkeypatch.setattr(_weights_digest, "_digest", counted)
    _weights_digest._remembered.cache_clear()
    return counts


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 64, 9), nn.BatchNorm2d(64), nn.Conv2d(64, 32, 3))


def test_weights_that_nothing_has_touched_are_read_once(read: list[int]) -> None:
    own = network()
    assert len({weights_digest(own.state_dict()) for _ in range(3)}) == 1
    assert read == [9]


def test_the_same_weights_elsewhere_have_the_same_digest(read: list[int]) -> None:
    assert weights_digest(network().state_dict()) == weights_digest(network().state_dict())
    assert weights_digest({name: t.clone() for name, t in network().state_dict().items()}) == weights_digest(
        network().state_dict()
    )


def one_number(own: nn.Sequential) -> None:
    with torch.no_grad():
        own[2].weight[1, 1, 1, 1] += 1  # type: ignore[index, operator]


def statistics(own: nn.Sequential) -> None:
    own.train()(torch.randn(2, 3, 16, 16))


def behind_the_back(own: nn.Sequential) -> None:
    own[0].bias.data[0] += 1  # type: ignore[index, operator, union-attr]


def a_step(own: nn.Sequential) -> None:
    optimizer = torch.optim.AdamW(own[2].parameters())
    own.eval()(torch.randn(2, 3, 16, 16)).sum().backward()
    optimizer.step()


def loaded(own: nn.Sequential) -> None:
    own.load_state_dict({name: t + 1 for name, t in own.state_dict().items()})


@pytest.mark.parametrize("touch", [one_number, statistics, behind_the_back, a_step, loaded])
def test_weights_that_were_touched_are_read_anew(touch: Callable[[nn.Sequential], None]) -> None:
    own = network()
    before = weights_digest(own.state_dict())
    touch(own)
    after = weights_digest(own.state_dict())
    assert before != after
    assert after == weights_digest({name: t.clone() for name, t in own.state_dict().items()})


def test_what_has_no_version_is_read_each_time(read: list[int]) -> None:
    with torch.inference_mode():
        state = {"a": torch.ones(3)}
    assert weights_digest(state) == weights_digest(state) == weights_digest({"a": torch.ones(3)})
    assert read == [1, 1, 1]


def test_what_is_remembered_keeps_no_weights(read: list[int]) -> None:
    own = network()
    weights_digest(own.state_dict())
    assert _weights_digest._remembered.cache_info().currsize == 1
    import gc
    import weakref

    gone = weakref.ref(own[0].weight)
    del own
    gc.collect()
    assert gone() is None
