"""Reads weights from safetensors and puts them into a network, strictly: every key must have its place."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor, nn

from headstart.core.errors import HeadstartError

_SHOWN = 5


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name; reduced-precision floats become float32.

    Raises
    ------
    HeadstartError : the file is absent or not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not file.is_file():
        raise HeadstartError(
            f"{file.parent}: {file.name} is missing. Copy it there; other weight files are not read."
        )
    try:
        state = load_file(file)
    except (SafetensorError, OSError, struct.error) as error:
        raise HeadstartError(f"{file}: is not a whole safetensors file ({error}). Copy it again.") from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def read_linear(file: Path, path: str, width: int) -> tuple[Tensor, Tensor] | None:
    """Weight (Z, width) and bias (Z,) of the linear layer at `path`; None where the file holds no such layer."""
    from safetensors import safe_open

    with safe_open(file, framework="pt") as tensors:
        if not {f"{path}.weight", f"{path}.bias"} <= set(tensors.keys()):
            return None
        weight, bias = (tensors.get_tensor(f"{path}.{kind}").float() for kind in ("weight", "bias"))
    return (weight, bias) if weight.dim() == 2 and weight.shape[1] == width else None


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], dropped: Iterable[str], where: str) -> None:
    """Load `state` into `network`; entries under the paths `dropped` (the classifier) are left out.

    A timm module may bring ``checkpoint_filter_fn`` for weights in the layout of their first publication;
    it is tried when the keys do not fit as they are.

    Raises
    ------
    HeadstartError : keys are missing, unexpected, or of another shape; names the first few of each.
    """
    prefixes = tuple(f"{path}." for path in dropped)

    def kept(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(prefixes)}

    mistakes = _mistakes(network, kept(state))
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if mistakes and translate is not None:
        translated = kept(translate(dict(state), network))
        if not _mistakes(network, translated):
            network.load_state_dict(translated)
            return
    if mistakes:
        raise _misfit(where, mistakes)
    network.load_state_dict(kept(state), strict=False)


def load_whole(network: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Load `state` into all of `network`, which may itself know the layout of earlier versions.

    Raises
    ------
    HeadstartError : keys are missing, unexpected, or of another shape; names the first few of each.
    """
    mistakes = _mistakes(network, state)
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError:
        missing, unexpected = ["some"], []
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise _misfit(where, mistakes)


def _misfit(where: str, mistakes: Iterable[str]) -> HeadstartError:
    return HeadstartError(
        f"{where}: the weights do not fit the architecture that config.json names: "
        + "; ".join(mistakes)
        + ". Check the architecture and its arguments."
    )


def _mistakes(network: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    own = network.state_dict()
    # a counter that only training without momentum reads; some exporters leave it out
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in state if name not in own]
    shapes = [
        f"{name} {tuple(state[name].shape)} for {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    found = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    return [f"{len(names)} {kind} ({_few(names)})" for kind, names in found.items() if names]


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
