"""What backbones of recurrent layers share: an embedding, then layers in a row, over the tokens of a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from headstart.backbones.base import Backbone, Card, LayerRun, Stage
from headstart.backbones.texts.preprocess import TextPreprocess

INPUTS = ("input_ids", "attention_mask")


class RecurrentBackbone(Backbone):
    """Its network has an ``embedding`` and ``layers``, each a stage.

    Parameters
    ----------
    description : what the source needs to make the network again, as JSON.
    """

    preprocess: TextPreprocess
    learning_rate = 4e-3
    thaws_gradually = True

    def __init__(
        self, network: nn.Module, card: Card, preprocess: TextPreprocess, description: Mapping[str, Any], width: int
    ) -> None:
        super().__init__()
        self.network, self.card, self.preprocess = network, card, preprocess
        self._description, self.feature_size = dict(description), width
        self.eval()

    def stages(self) -> list[Stage]:
        layers: Any = self.network.layers
        names = ["embedding", *(f"layers.{place}" for place in range(len(layers)))]
        return [Stage(name, self._inside(name)) for name in names]

    def _inside(self, path: str) -> tuple[str, ...]:
        module = self.network.get_submodule(path)
        return tuple(f"network.{path}.{name}" for name, _ in module.named_parameters())

    def layer_run(self) -> LayerRun:
        return LayerRun(self.network, "layers")

    def describe(self) -> dict[str, Any]:
        return {
            **self._description,
            "name": self.card.name,
            "card": self.card.to_json(),
            "preprocess": self.preprocess.describe(),
        }

    def save_assets(self, folder: Path) -> None:
        self.preprocess.tokenizer.save_pretrained(str(folder))


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Over the tokens that are no padding: (N, L, D), (N, L) → (N, D)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
