"""The state of an optimizer as named tensors, so that a run that was killed goes on from it."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.model.state import owned


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """``{"3/exp_avg": …}`` by the parameter's position in the optimizer's groups."""
    state = optimizer.state_dict()["state"]
    return owned({f"{i}/{key}": torch.as_tensor(value) for i, entry in state.items() for key, value in entry.items()})


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put `tensors`, as :func:`optimizer_tensors` gave them, back into `optimizer`."""
    plain = optimizer.state_dict()
    plain["state"] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition("/")
        plain["state"].setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict(plain)
