"""The contract of a text backbone that a language model can be made of: states of tokens, and a vector for each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch
from headstart.backbones.texts.preprocess import TextPreprocess


class LanguageBackbone(Backbone):
    """Reads texts token by token; V tokens are known."""

    preprocess: TextPreprocess

    looks_ahead: bool
    """Whether the state of a token tells of those that follow it."""

    @property
    def tokenizer(self) -> Any:
        """A fast tokenizer of transformers."""
        return self.preprocess.tokenizer

    @property
    def drops(self) -> bool:
        """Whether something is dropped in training, so that a text that is read twice is not read alike."""
        return any(isinstance(module, nn.Dropout) and module.p > 0 for module in self.modules())

    @abstractmethod
    def states(self, batch: Batch) -> Tensor:
        """The last states of the tokens (N, L, D)."""

    @abstractmethod
    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """States (N, L, D) and the mask of tokens (N, L) → features (N, F). Padding stands on the right."""

    @abstractmethod
    def token_vectors(self) -> Tensor:
        """The vectors (V, E) that the tokens enter as."""

    @abstractmethod
    def folder_files(self, sentences: bool) -> Mapping[str, Any]:
        """Further JSON files of a folder that it is written into, path → content, beside ``config.json``.

        Parameters
        ----------
        sentences : whether its cosines are trained to tell what texts mean.
        """

    def features(self, batch: Batch) -> Tensor:
        return self.pool(self.states(batch), batch["attention_mask"])
