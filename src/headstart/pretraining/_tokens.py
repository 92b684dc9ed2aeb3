"""Which tokens of a batch carry what a text says: those that are neither padding nor marks around it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from headstart.backbones.base import Batch


def said_tokens(batch: Batch, tokenizer: Any) -> Tensor:
    """(B, L) bool: no padding, and no special token such as the one that opens a text."""
    ids = batch["input_ids"]
    special = torch.tensor(sorted(tokenizer.all_special_ids), dtype=ids.dtype, device=ids.device)
    return batch["attention_mask"].bool() & ~torch.isin(ids, special)


def uniform(like: Tensor) -> Tensor:
    """Numbers from 0 to 1 of the shape of `like`, on its device, drawn by the processor: the same on all devices."""
    return torch.rand(like.shape).to(like.device)
