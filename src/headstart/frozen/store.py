"""The store: activations on disk, memory-mapped, under the content of what they were computed from."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from headstart.backbones.base import Batch
from headstart.core.files import digest, whole_folder

LAYOUT = "2"


class FrontierStore:
    """A folder of spaces; one space holds the activations of one (weights, cut, preprocessing, view)."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def space(self, weights: str, cut: str, preprocessing: str, view: int) -> Space:
        """The space of this key; example content is the key within it."""
        return Space(self.folder / digest(LAYOUT, weights, cut, preprocessing, str(view)))

    @property
    def free_bytes(self) -> int:
        """What may still be written: half of what the disk has free."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.folder).free // 2


class Space:
    """Activations by example key, in segments that are written whole and never changed.

    A segment is a folder: one flat ``.npy`` per tensor, rows of all its examples one after the other, and
    ``index.json`` with the keys and each example's number of rows. Two processes may write at once: a key that
    both computed lies there twice, with the same values.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._where: dict[str, tuple[_Segment, int]] = {}
        self._seen: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Notice segments written since."""
        for path in sorted(self.folder.glob("segment-*")) if self.folder.exists() else []:
            if path.name not in self._seen:
                self._add(path)

    def _add(self, path: Path) -> None:
        self._seen.add(path.name)
        try:
            segment = _Segment(path)
        except (OSError, ValueError, KeyError):
            return  # damaged by a power cut, say: its examples are computed again
        for row, key in enumerate(segment.keys):
            self._where.setdefault(key, (segment, row))

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def read(self, key: str) -> Batch:
        """One example's activations, without the leading N."""
        segment, row = self._where[key]
        return segment.read(row)

    def write(self, keys: Sequence[str], activations: Sequence[Batch]) -> None:
        """Append one segment, whole or not at all.

        Raises
        ------
        HeadstartError : the disk is full.
        """
        path = self.folder / f"segment-{len(self._seen):06d}-{uuid.uuid4().hex[:8]}"
        with whole_folder(path) as folder:
            rows: dict[str, list[int]] = {}
            for name in activations[0]:
                arrays = [np.atleast_1d(example[name].numpy()) for example in activations]
                rows[name] = [len(array) for array in arrays]
                np.save(folder / f"{_file(name)}.npy", np.concatenate(arrays), allow_pickle=False)
            scalars = [name for name, tensor in activations[0].items() if tensor.dim() == 0]
            index = {"keys": list(keys), "rows": rows, "scalars": scalars}
            (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
        self._add(path)


class _Segment:
    """One written segment, opened when first read."""

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.folder, self.keys, self.scalars = folder, index["keys"], set(index["scalars"])
        self.ends = {name: np.cumsum(rows) for name, rows in index["rows"].items()}
        self.rows = index["rows"]
        self._arrays: dict[str, np.ndarray] = {}

    def read(self, row: int) -> Batch:
        example: Batch = {}
        for name, ends in self.ends.items():
            if name not in self._arrays:
                path = self.folder / f"{_file(name)}.npy"
                self._arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
            end = int(ends[row])
            values = torch.from_numpy(np.array(self._arrays[name][end - self.rows[name][row] : end]))
            example[name] = values[0] if name in self.scalars else values
        return example


def _file(name: str) -> str:
    """A tensor's name as a file name: stage names may hold characters a file system refuses."""
    return name if name.replace("_", "").replace("-", "").isalnum() else digest(name)
