"""A transformers encoder, or decoder used as one, whose token vectors are pooled into one vector a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones._layered import features_at_depths, first_argument, layered_stages, layers_at, layers_path
from headstart.backbones._words import Named, check_prompts, directions
from headstart.backbones.base import Batch, Card, LayerRun, Name, Stage, collate
from headstart.backbones.folders.sentence_files import sentence_files
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.preprocess import TextPreprocess

PROMPTS = ("This text is about {}.", "{}")
SCALE = 20.0
"""By which sentence encoders multiply cosines in training: ``scale`` of MultipleNegativesRankingLoss in
sentence-transformers, with which the all-* models were trained."""

BATCH = 32
"""Names that are read at a time."""


class TextBackbone(LanguageBackbone):
    """``network``: a transformers model that returns ``last_hidden_state`` (N, L, D).

    Parameters
    ----------
    pooling : ``mean`` over the tokens that are no padding, ``cls`` the first token, ``last`` the last one.
    A sentence encoder, whose cosines were trained to tell what texts mean, knows words: its card says so.
    description : what the source needs to rebuild the network, as JSON; ``source`` is its plug-in name.
    """

    learning_rate = 5e-5

    def __init__(
        self,
        network: nn.Module,
        card: Card,
        preprocess: TextPreprocess,
        description: Mapping[str, Any],
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.network = network.eval()
        self.card, self.preprocess, self.pooling = card, preprocess, pooling
        self._text_preprocess = preprocess
        self._description = dict(description)
        self._path = layers_path(network, card.name)
        self.feature_size = int(network.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.prompts = PROMPTS if card.words else ()
        self._stages = layered_stages(network, self._path, self._short_run)
        self.eval()

    def stages(self) -> list[Stage]:
        return list(self._stages)

    def layer_run(self) -> LayerRun:
        owner, _, attribute = self._path.rpartition(".")
        layers = self._layers()
        return LayerRun(self.network.get_submodule(owner), attribute, first_argument(layers[0]))

    @property
    def looks_ahead(self) -> bool:  # type: ignore[override]
        """Whether transformers knows a model of this kind that fills in masked tokens; else it reads to the right."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

        return type(self.network.config) in MODEL_FOR_MASKED_LM_MAPPING

    def states(self, batch: Batch) -> Tensor:
        hidden: Tensor = self.network(**batch).last_hidden_state
        return hidden

    def token_vectors(self) -> Tensor:
        table: Tensor = self.network.get_input_embeddings().weight  # type: ignore[operator]
        return table

    def folder_files(self, sentences: bool) -> Mapping[str, Any]:
        longest = self._description.get("longest")
        normalised = bool(self._description.get("sentence_normalised"))
        return sentence_files(sentences, self.pooling, self.feature_size, longest, normalised)

    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        return features_at_depths(
            self._layers(),
            self._stages,
            lambda: self.features(batch),
            lambda hidden: _mean(hidden, batch["attention_mask"]),
        )

    def describe(self) -> dict[str, Any]:
        return {
            **self._description,
            "name": self.card.name,
            "card": self.card.to_json(),
            "pooling": self.pooling,
            "preprocess": self.preprocess.describe(),
        }

    def named(self, names: Sequence[Name], prompts: Sequence[str] = ()) -> Named | None:
        """Directions from the vectors of the names themselves: a text is compared with them as with other texts."""
        if not self.prompts:
            return None
        used = check_prompts(prompts or self.prompts)
        return Named(self, directions(names, used, self._vectors), SCALE, used)

    @torch.no_grad()
    def _vectors(self, texts: Sequence[str]) -> Tensor:
        """Features (n, D) of n texts, in batches of like length: one by one they would take three times as long."""
        read = [self.preprocess(text) for text in texts]
        order = sorted(range(len(read)), key=lambda place: sum(tensor.numel() for tensor in read[place].values()))
        batches = [collate([read[place] for place in order[at : at + BATCH]]) for at in range(0, len(order), BATCH)]
        device = next(self.network.parameters()).device
        found = [self.features({name: tensor.to(device) for name, tensor in batch.items()}) for batch in batches]
        return torch.cat(found).cpu()[torch.tensor(order).argsort()]

    def save_assets(self, folder: Path) -> None:
        self._text_preprocess.tokenizer.save_pretrained(str(folder))

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        if self.pooling == "cls":
            return states[:, 0]
        if self.pooling == "last":
            return states[torch.arange(len(states), device=states.device), mask.sum(1).clamp(min=1) - 1]
        return _mean(states, mask)

    def _layers(self) -> nn.ModuleList:
        return layers_at(self.network, self._path, self.card.name)

    def _short_run(self) -> Tensor:
        ids = torch.zeros((1, 8), dtype=torch.long)
        return self.features(
            {name: torch.ones_like(ids) if name == "attention_mask" else ids for name in self._inputs}
        )

    @property
    def _inputs(self) -> tuple[str, ...]:
        return self._text_preprocess.inputs


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average over the tokens that are no padding: (N, L, D), (N, L) → (N, D)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
