"""A backbone that reads a text against names: its features say how far the text entails "this is about NAME"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones._layered import features_at_depths, layered_stages, layers_at, layers_path
from headstart.backbones._words import HOLE, Named, check_prompts
from headstart.backbones.base import Backbone, Batch, Card, Name, Preprocess, Stage
from headstart.backbones.texts.preprocess import tokenizer_digest
from headstart.core.errors import UsageError

_MULTIPLE = 8

OF_THE_LENGTH = 0.5
"""Share of the tokens of a pair that a hypothesis may take: the text needs the others."""

PROMPTS = ("This text is about {}.",)
"""The hypothesis, after Yin et al. 2019 (arXiv:1909.00161)."""


_NAMELESS = "These classes have none: give --labels FILE to `headstart fit`, or take another backbone."


class EntailmentPreprocess(Preprocess):
    """A string → token ids of the pairs (text, hypothesis), tokens first: ``{"input_ids": (T, L), …}``.

    Tokens stand first because they are what is filled up when texts differ in length.

    Parameters
    ----------
    hypotheses : L sentences, one a name. inputs : the names of the tensors that the model takes.
    """

    views = 1
    lengths_differ = True

    def __init__(self, tokenizer: Any, hypotheses: Sequence[str], max_length: int, inputs: tuple[str, ...]) -> None:
        self.tokenizer, self.hypotheses = tokenizer, tuple(hypotheses)
        self.max_length, self.inputs = max_length, inputs

    def __call__(self, raw: str, view: int = 0, key: str = "") -> Batch:
        if view:
            raise ValueError("a text has one view only")
        count = len(self.hypotheses)
        if not count:
            raise UsageError(
                "This model reads texts against names of classes, and has been told none. Say what the classes mean: "
                "--labels FILE."
            )
        encoded = self.tokenizer(
            [str(raw)] * count, list(self.hypotheses), truncation="only_first", max_length=self.max_length,
            padding=True, pad_to_multiple_of=_MULTIPLE,
        )  # fmt: skip
        return {name: torch.tensor(encoded[name]).T.contiguous() for name in self.inputs}

    @cached_property
    def _tokenizer_digest(self) -> str:
        return tokenizer_digest(self.tokenizer)

    def describe(self) -> dict[str, Any]:
        return {
            "hypotheses": list(self.hypotheses),
            "max_length": self.max_length,
            "inputs": list(self.inputs),
            "multiple": _MULTIPLE,
            "tokenizer": self._tokenizer_digest,
            "sides": [self.tokenizer.truncation_side, self.tokenizer.padding_side],
        }


class EntailmentBackbone(Backbone):
    """``network``: a transformers classifier of pairs of sentences; its logits for "entailment" are the features.

    Every name costs a run of the network, so it is dear where there are many classes.

    Parameters
    ----------
    entailment : the place of "entailment" among the network's outputs.
    """

    learning_rate = 2e-5
    prompts = PROMPTS
    names_are_directions = False

    def __init__(
        self,
        network: nn.Module,
        card: Card,
        preprocess: EntailmentPreprocess,
        description: Mapping[str, Any],
        entailment: int,
    ) -> None:
        super().__init__()
        self.network, self.card, self.preprocess = network.eval(), card, preprocess
        self._pairs, self._description, self._entailment = preprocess, dict(description), entailment
        self._path = layers_path(network, card.name)
        self._stages = layered_stages(network, self._path, self._short_run)
        self.feature_size = len(preprocess.hypotheses)
        self.eval()

    def stages(self) -> list[Stage]:
        return list(self._stages)

    def features(self, batch: Batch) -> Tensor:
        """Logits (N, L) of entailment of L hypotheses."""
        count, _, names = batch["input_ids"].shape
        pairs = {name: tensor.transpose(1, 2).flatten(0, 1) for name, tensor in batch.items()}
        return self.network(**pairs).logits[:, self._entailment].view(count, names)

    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        count, _, names = batch["input_ids"].shape
        return features_at_depths(
            layers_at(self.network, self._path, self.card.name),
            self._stages,
            lambda: self.features(batch),
            lambda hidden: hidden.mean(dim=1).view(count, names, -1).mean(dim=1),
        )

    def about(self, names: Sequence[Name], prompts: Sequence[str] = ()) -> EntailmentBackbone:
        """The same network, reading texts against these names.

        Raises
        ------
        UsageError : there are none, or several prompts: a hypothesis is one sentence; or one leaves a text no room.
        """
        used = check_prompts(prompts or self.prompts)
        if not names or len(used) != 1:
            raise UsageError(
                f"{self.card.name} reads texts against the names of the classes, in one prompt. "
                + (f"{len(used)} prompts were given." if names else _NAMELESS)
            )
        hypotheses = [used[0].replace(HOLE, name.words) for name in names]
        pairs = self._pairs
        self._check_lengths(names, hypotheses)
        told = EntailmentPreprocess(pairs.tokenizer, hypotheses, pairs.max_length, pairs.inputs)
        return EntailmentBackbone(self.network, self.card, told, self._description, self._entailment)

    def _check_lengths(self, names: Sequence[Name], hypotheses: Sequence[str]) -> None:
        most = int(OF_THE_LENGTH * self._pairs.max_length)
        lengths = [len(ids) for ids in self._pairs.tokenizer(list(hypotheses), verbose=False)["input_ids"]]
        if too_long := [(name.label, n) for name, n in zip(names, lengths, strict=True) if n > most]:
            label, tokens = too_long[0]
            raise UsageError(
                f"What {label!r} means takes {tokens} tokens, and {self.card.name} reads it and a text together, "
                f"{self._pairs.max_length} tokens at most. Say it in {most}."
            )

    def named(self, names: Sequence[Name], prompts: Sequence[str] = ()) -> Named:
        """The logits themselves, one a name."""
        told = self.about(names, prompts)
        used, cosine = check_prompts(prompts or self.prompts), self.names_are_directions
        return Named(told, torch.eye(len(names)), 1.0, used, cosine)

    def describe(self) -> dict[str, Any]:
        return {
            **self._description,
            "name": self.card.name,
            "card": self.card.to_json(),
            "entailment": self._entailment,
            "preprocess": self.preprocess.describe(),
        }

    def save_assets(self, folder: Path) -> None:
        self._pairs.tokenizer.save_pretrained(str(folder))

    def _short_run(self) -> Tensor:
        ids = torch.zeros((1, 8), dtype=torch.long)
        inputs = {name: torch.ones_like(ids) if name == "attention_mask" else ids for name in self._pairs.inputs}
        return self.network(**inputs).logits
