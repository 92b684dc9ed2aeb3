"""The operations of a forward pass, recurrent layers included, against their published counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones import load
from headstart.experiment.selection.operations import operations_of


class Reads:
    """A network of recurrent layers in the place of a backbone."""

    def __init__(self, layers: nn.Module, packed: bool = False) -> None:
        self.layers, self.packed = layers, packed

    def features(self, batch: dict[str, Tensor]) -> Any:
        steps: Any = batch["steps"]
        if self.packed:
            steps = nn.utils.rnn.pack_padded_sequence(steps, torch.tensor([steps.shape[1]]), batch_first=True)
        return self.layers(steps)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers_take_two_for_each_weight_and_token(kind: Any, gates: int, packed: bool) -> None:
    """Of G gates from D to H that is 2 · G · H · (D + H) a token and layer; a second layer reads both directions."""
    steps = {"steps": torch.zeros(1, 3, 5)}
    one = Reads(kind(5, 7, batch_first=True).eval(), packed)
    assert operations_of(one, steps) == 3 * 2 * gates * 7 * (5 + 7)  # type: ignore[arg-type]
    two = Reads(kind(5, 7, num_layers=2, bidirectional=True, batch_first=True).eval(), packed)
    assert operations_of(two, steps) == 3 * 2 * 2 * gates * 7 * ((5 + 7) + (14 + 7))  # type: ignore[arg-type]


def test_a_layer_of_weights_is_counted_as_before() -> None:
    assert operations_of(Reads(nn.Linear(5, 7)), {"steps": torch.zeros(1, 3, 5)}) == 2 * 3 * 5 * 7  # type: ignore[arg-type]


def test_a_recurrent_backbone_takes_some(tiny_backbones: Path) -> None:
    from headstart.backbones.stacked_lstm import StackedLstm

    backbone = StackedLstm().tiny("bytes").eval()
    example = {"input_ids": torch.ones(1, 6, dtype=torch.long), "attention_mask": torch.ones(1, 6, dtype=torch.long)}
    assert operations_of(backbone, example) > 6 * 2 * 4 * 10 * 10
    pictures = load(tiny_backbones / "tiny_resnet").eval()
    assert operations_of(pictures, {"pixels": torch.zeros(1, 3, 32, 32)}) > 0
