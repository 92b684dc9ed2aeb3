"""Recurrent networks for texts, from folders that headstart wrote, or with random weights to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.core.errors import HeadstartError, UsageError

if TYPE_CHECKING:
    from headstart.backbones.texts.recurrent_text import RecurrentText

KIND = "recurrent"
"""The key of ``config.json`` that names the architecture; its sizes stand beside it."""

_FAMILY = "awd_lstm"


class Recurrent(Source):
    """A folder holds ``config.json`` (``{"recurrent": "awd_lstm", "sizes": …}``), weights, a tokenizer's files."""

    def cards(self) -> list[Card]:
        return []

    def has(self, name: str) -> bool:
        return False

    def load(self, name: str, pretrained: bool = True) -> RecurrentText:
        raise UsageError(
            f"{self.prefix}/{name}: recurrent networks lie in folders: give the path of one. "
            f"`headstart pretrain TEXTS --architecture {_FAMILY} --out FOLDER` makes one."
        )

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "text" if KIND in config and (folder / "tokenizer.json").is_file() else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> RecurrentText:
        from headstart.backbones.folders.weights import load_whole, read_weights

        made = self._made(read_config(folder), folder, card)
        if pretrained:
            load_whole(made.network, read_weights(folder / WEIGHTS), str(folder))
        return made

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> RecurrentText:
        if assets is None:
            raise HeadstartError(f"{description['name']}: the folder with its tokenizer files is missing.")
        return self._made(description, assets, Card(**description["card"]))

    def folder_config(self, description: Mapping[str, Any]) -> dict[str, Any]:
        return {key: description[key] for key in (KIND, "sizes", "longest")}

    def tiny(self, name: str) -> RecurrentText:
        from headstart.backbones.texts.recurrent_text import made_anew
        from headstart.backbones.texts.tiny_texts import tiny_tokenizer

        sizes = {"embedding": 16, "hidden": 24}
        card = Card(f"{self.prefix}/{name}", "text", pretraining="none: a miniature")
        return made_anew(name, sizes, tiny_tokenizer("gpt2"), card)

    def families(self) -> list[str]:
        return [_FAMILY]

    def _made(self, config: Mapping[str, Any], folder: Path, card: Card) -> RecurrentText:
        """The architecture of `config`, with random weights and the tokenizer in `folder`.

        Raises
        ------
        HeadstartError : sizes or tokenizer make no sense.
        """
        from headstart.backbones.folders.transformers_networks import read_tokenizer, told
        from headstart.backbones.texts.recurrent_text import made_anew

        with told(f"{folder}/config.json"):
            tokenizer = read_tokenizer(folder, str(folder))
            return made_anew(str(config[KIND]), config["sizes"], tokenizer, card, int(config["longest"]))
