"""transformers: classifiers of pairs of sentences that know "entailment", for classes told apart by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones.folders.folder import WEIGHTS, entailment_place, read_config
from headstart.backbones.folders.hub_folders import HubFolders
from headstart.backbones.folders.prior import PAIRS, Prior, estimated_text
from headstart.backbones.folders.published import published_cards

if TYPE_CHECKING:
    from headstart.backbones.texts.entailment import EntailmentBackbone

_PATTERNS = ("*.json", "*.txt", "*.model", WEIGHTS, "README.md")

_LISTED = (
    ("cross-encoder/nli-deberta-v3-small", "apache-2.0", 141_897_219, "English text, then entailment"),
    ("MoritzLaurer/deberta-v3-base-zeroshot-v2.0", "mit", 184_423_682, "English text, then entailment"),
)


class TransformersEntailment(HubFolders):
    """``transformers_entailment/NAME``, and ``transformers/NAME`` too: a hub repository, or a folder like it."""

    modality, patterns = "text", _PATTERNS

    def cards(self) -> list[Card]:
        return [replace(card, words=True) for card in published_cards(self, "text", _LISTED, _prior)]

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        alone = not config.get("is_encoder_decoder")  # a decoder reads the pair again, which no cut can part
        return "text" if alone and entailment_place(config) is not None else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> EntailmentBackbone:
        from headstart.backbones.folders import transformers_networks as networks

        plain = read_config(folder)
        config = networks.make_config(plain, str(folder))
        network = networks.load_classifier(folder, config) if pretrained else networks.make_classifier(config)
        tokenizer = networks.read_tokenizer(folder, str(folder))
        return self._wrap(network, config, tokenizer, replace(card, words=True), plain, ())

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> EntailmentBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.core.errors import HeadstartError

        if assets is None:
            raise HeadstartError(f"{description['name']}: the folder with its tokenizer files is missing.")
        plain = description["config"]
        config = networks.make_config(plain, description["name"])
        tokenizer = networks.read_tokenizer(assets, description["name"])
        card, hypotheses = Card(**description["card"]), tuple(description["preprocess"]["hypotheses"])
        return self._wrap(networks.make_classifier(config), config, tokenizer, card, plain, hypotheses)

    def _wrap(
        self, network: Any, config: Any, tokenizer: Any, card: Card, plain: Mapping[str, Any], told: tuple[str, ...]
    ) -> EntailmentBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.backbones.texts.entailment import EntailmentBackbone, EntailmentPreprocess

        length = networks.max_length(network, tokenizer, None)
        preprocess = EntailmentPreprocess(tokenizer, told, length, networks.inputs_of(network, tokenizer))
        place = entailment_place(plain)
        described = {"source": Path(__file__).stem, "config": networks.plain_config(config)}
        return EntailmentBackbone(network, card, preprocess, described, 0 if place is None else place)

    def tiny(self, name: str) -> EntailmentBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.backbones.texts import tiny_texts as texts

        tokenizer = texts.tiny_tokenizer(name)
        labels = {
            "id2label": {0: "contradiction", 1: "entailment"},
            "label2id": {"contradiction": 0, "entailment": 1},
        }
        plain = {**texts.tiny_config(name, tokenizer), **labels, "architectures": ["ForSequenceClassification"]}
        config = networks.make_config(plain, name)
        card = Card(f"{self.prefix}/{name}", "text", pretraining="none: a miniature", words=True)
        told = ("this film was good", "call now to win", "the third was neither")
        return self._wrap(networks.make_classifier(config), config, tokenizer, card, plain, told)

    def families(self) -> list[str]:
        return ["bert"]


def _prior(name: str, parameters: int) -> Prior:
    found = estimated_text(parameters, sentences=False)
    return found._replace(rank=found.rank - PAIRS)
