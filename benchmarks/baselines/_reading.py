"""Turns a job's inputs into batches, the plain way: one decode per use, batches of 32."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ._backbones import ImageBackbone, TextBackbone, load_image, load_text
from ._job import Job

BATCH = 32


class Pictures(Dataset[tuple[Tensor, int]]):
    """Decoded and transformed pictures with their targets."""

    def __init__(self, paths: Sequence[str], targets: Sequence[int], transform: Callable[..., Tensor]) -> None:
        self.paths, self.targets, self.transform = paths, targets, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        with Image.open(self.paths[index]) as picture:
            return self.transform(picture.convert("RGB")), self.targets[index]


class Reading:
    """A job's backbone and its examples as batches of (input of the backbone, targets)."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.backbone: ImageBackbone | TextBackbone = (
            load_image(job.backbone) if job.modality == "image" else load_text(job.backbone)
        )

    @property
    def body(self) -> nn.Module:
        """Maps what the batches hold to features (N, ``width``)."""
        return self.backbone.body

    @property
    def width(self) -> int:
        """The number of features."""
        return self.backbone.width

    def train(self, augment: bool, shuffle: bool, workers: int = 0) -> DataLoader[Any]:
        """Batches of the training examples; `augment` means random resized crop and flip for pictures."""
        return self._loader(self.job.train_inputs, self.job.targets, augment, shuffle, workers)

    def test(self, workers: int = 0) -> DataLoader[Any]:
        """Batches of the test inputs, in order, with zeros for the targets that no baseline may see."""
        return self._loader(self.job.test_inputs, [0] * len(self.job.test_inputs), False, False, workers)

    def _loader(
        self, inputs: Sequence[str], targets: Sequence[int], augment: bool, shuffle: bool, workers: int
    ) -> DataLoader[Any]:
        shuffler = torch.Generator().manual_seed(self.job.seed)
        if isinstance(self.backbone, ImageBackbone):
            data: Any = Pictures(inputs, targets, _transform(self.backbone, augment))
            workers = min(workers, os.cpu_count() or 1)
            return DataLoader(data, BATCH, shuffle=shuffle, generator=shuffler, num_workers=workers)
        data = list(zip(inputs, targets, strict=True))
        return DataLoader(data, BATCH, shuffle=shuffle, generator=shuffler, collate_fn=self._tokenise)

    def _tokenise(self, rows: list[tuple[str, int]]) -> tuple[dict[str, Tensor], Tensor]:
        texts, targets = zip(*rows, strict=True)
        backbone = self.backbone
        if not isinstance(backbone, TextBackbone):
            raise TypeError("only a text backbone has a tokenizer")
        tokens = backbone.tokenizer(
            list(texts), padding=True, truncation=True, max_length=backbone.longest, return_tensors="pt"
        )
        return dict(tokens), torch.tensor(targets)


def to_device(batch: Any, device: str) -> Any:
    """A tensor, or a dictionary of tensors, on `device`."""
    if isinstance(batch, dict):
        return {name: tensor.to(device) for name, tensor in batch.items()}
    return batch.to(device)


def _transform(backbone: ImageBackbone, augment: bool) -> Callable[..., Tensor]:
    if augment:
        first: list[Any] = [transforms.RandomResizedCrop(backbone.size), transforms.RandomHorizontalFlip()]
    else:
        first = [transforms.Resize(backbone.resize), transforms.CenterCrop(backbone.size)]
    last = [transforms.ToTensor(), transforms.Normalize(backbone.mean, backbone.std)]
    return transforms.Compose([*first, *last])
