"""LSTM networks for texts that others published: folders of weights over bytes, or over characters in a list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS
from headstart.backbones.folders.lstm_names import KIND, Sizes, sizes_in
from headstart.core.errors import HeadstartError, UsageError

if TYPE_CHECKING:
    from headstart.backbones.texts.lstm_backbone import LstmBackbone

CHARACTERS = "vocab.json"

_TINY = {
    "bytes": Sizes(256, 8, (10, 10, 10), both_ways=True),
    "characters": Sizes(40, 8, (10, 10, 10), keeps=True),
}


class StackedLstm(Source):
    """A folder holds ``model.safetensors`` and, over characters, ``vocab.json`` (character → id), no more."""

    def cards(self) -> list[Card]:
        return []

    def has(self, name: str) -> bool:
        return False

    def load(self, name: str, pretrained: bool = True) -> LstmBackbone:
        raise UsageError(f"{self.prefix}/{name}: such networks lie in folders: give the path of one.")

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "text" if KIND in config else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> LstmBackbone:
        from headstart.backbones.folders.weights import load_whole, read_weights

        sizes, places = sizes_in(folder / WEIGHTS)
        made = self._made(sizes, card, _tokenizer(folder, sizes.known))
        if pretrained:
            state = read_weights(folder / WEIGHTS)
            load_whole(made.network, {own: state[name] for own, name in places.items()}, str(folder))
        return made

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> LstmBackbone:
        from headstart.backbones.folders.transformers_networks import read_tokenizer

        if assets is None:
            raise HeadstartError(f"{description['name']}: the folder with its tokenizer files is missing.")
        given = description["sizes"]
        sizes = Sizes(**{**given, "hidden": tuple(given["hidden"])})
        return self._made(sizes, Card(**description["card"]), read_tokenizer(assets, str(assets)))

    def tiny(self, name: str) -> LstmBackbone:
        from headstart.backbones.texts.plain_tokens import BYTES, byte_tokenizer, character_tokenizer

        sizes = _TINY[name]
        letters = {chr(ord("a") + place): place + 1 for place in range(26)}
        tokenizer = byte_tokenizer() if sizes.known == BYTES else character_tokenizer({**letters, "<s>": 30})
        return self._made(sizes, Card(f"{self.prefix}/{name}", "text", pretraining="none: a miniature"), tokenizer)

    def families(self) -> list[str]:
        return list(_TINY)

    def _made(self, sizes: Sizes, card: Card, tokenizer: Any) -> LstmBackbone:
        """The network of these sizes, with random weights."""
        from headstart.backbones.texts.lstm_backbone import LstmBackbone

        return LstmBackbone(sizes, card, tokenizer, {"source": self.prefix})


def _tokenizer(folder: Path, known: int) -> Any:
    """Of the characters that `folder` lists; of bytes where it lists none and the network knows 256.

    Raises
    ------
    HeadstartError : neither is so, or the list makes no sense.
    """
    from headstart.backbones.texts.plain_tokens import BYTES, byte_tokenizer, character_tokenizer, read_characters

    listed = folder / CHARACTERS
    if listed.is_file():
        return character_tokenizer(read_characters(listed, known))
    if known == BYTES:
        return byte_tokenizer()
    raise HeadstartError(
        f"{folder}: the network knows {known} tokens; without {CHARACTERS} they must be the {BYTES} bytes."
    )
