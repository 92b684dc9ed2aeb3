"""Which device a computation runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core.errors import UsageError

if TYPE_CHECKING:
    import torch


def choose_device(name: str = "auto") -> torch.device:
    """``auto``: CUDA, else Apple's MPS, else the CPU; or the device named.

    Raises
    ------
    UsageError : the name is unknown, or that device is not here.
    """
    import torch

    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    kind = name.split(":")[0]
    if kind not in present:
        raise UsageError(f"There is no device {name!r}. Allowed: auto, cpu, cuda, cuda:N, mps.")
    if not present[kind]:
        here = ", ".join(kind for kind, is_here in present.items() if is_here)
        raise UsageError(f"The device {name!r} is not available here. Present: {here}.")
    if kind == "cuda" and name != kind:
        _use_gpu(name, torch.cuda.device_count())
    return torch.device(name)


def _use_gpu(name: str, here: int) -> None:
    """Make ``cuda:N`` the one that this process works on, whoever names no number.

    Raises
    ------
    UsageError : there is no such GPU.
    """
    import torch

    number = name.removeprefix("cuda:")
    if not number.isdecimal() or int(number) >= here:
        raise UsageError(f"There is no device {name!r}. Present: {', '.join(f'cuda:{n}' for n in range(here))}.")
    torch.cuda.set_device(int(number))
