"""The text tower beside a picture tower: read when it is first asked, and written into model folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from headstart.backbones.folders.folder import WEIGHTS
from headstart.core.errors import HeadstartError

FOLDER = "words"
"""Of a model folder: where the text tower and its tokenizer lie."""


class TextTower:
    """Texts → vectors (n, D) in the space of pictures.

    Parameters
    ----------
    build : makes the tower with random weights: token ids and mask → vectors, its parameters named as in ``where``.
    where : the folder with its tokenizer, and its weights in ``model.safetensors``, among others perhaps.
    prepare : gives the tower's inputs (n, …) for n texts, by the tokenizer in a folder.
    read : gives the weights of a folder that keeps them otherwise.
    tower : the tower itself, where it is there already (random weights, for tests).
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        where: Path,
        prepare: Callable[[Path, Sequence[str]], dict[str, Tensor]],
        tower: nn.Module | None = None,
        read: Callable[[Path], Mapping[str, Tensor]] | None = None,
    ) -> None:
        self._build, self._where, self._prepare, self._tower = build, where, prepare, tower
        self._read = read

    @torch.no_grad()
    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(n, D).

        Raises
        ------
        HeadstartError : its weights cannot be read. WordsUnread : its tokenizer cannot.
        """
        tower = self._loaded()
        parts = {name: given.split(64) for name, given in self._prepare(self._where, texts).items()}
        return torch.cat([tower(**dict(zip(parts, part, strict=True))) for part in zip(*parts.values(), strict=True)])

    def save(self, folder: Path) -> None:
        """Write it into a model folder, whole, so that it can be asked without the original."""
        target = folder / FOLDER
        target.mkdir()
        for file in self._where.iterdir():
            if file.is_file() and file.suffix in (".json", ".txt", ".model") and "index" not in file.name:
                shutil.copyfile(file, target / file.name)
        state = {name: tensor.contiguous() for name, tensor in self._loaded().state_dict().items()}
        save_file(state, target / WEIGHTS, metadata={"format": "pt"})

    def _loaded(self) -> nn.Module:
        if self._tower is None:
            tower = self._build()
            own = dict(tower.state_dict())
            file = self._where / WEIGHTS
            given = _tensors(file, set(own)) if self._read is None else self._read(self._where)
            found = {name: tensor for name, tensor in given.items() if name in own}
            needed = {name for name, _ in tower.named_parameters()}
            if missing := sorted(needed - found.keys()):
                raise HeadstartError(f"{file}: weights of the text tower are missing: {', '.join(missing[:5])}.")
            if wrong := sorted(name for name, tensor in found.items() if tensor.shape != own[name].shape):
                raise HeadstartError(f"{file}: weights of the text tower have another shape: {', '.join(wrong[:5])}.")
            tower.load_state_dict({**own, **found})
            self._tower = tower.eval().requires_grad_(False)
        return self._tower

    def __deepcopy__(self, memo: dict[int, Any]) -> TextTower:
        """Nothing about it changes: copies of a backbone share it."""
        return self


def _tensors(file: Path, wanted: set[str]) -> dict[str, Tensor]:
    """Some tensors of a safetensors file, by name.

    Raises
    ------
    HeadstartError : it cannot be read.
    """
    try:
        with safe_open(file, framework="pt") as tensors:
            return {name: tensors.get_tensor(name).float() for name in tensors.keys() if name in wanted}  # noqa: SIM118
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise HeadstartError(f"{file}: the text tower cannot be read ({error}).") from error
