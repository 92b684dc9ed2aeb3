"""transformers: text encoders, and decoders used as encoders, from the hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, entailment_place, read_config, source_of
from headstart.backbones.folders.hub import fetch_folder
from headstart.backbones.folders.prior import DECODER, Prior, estimated_text, of_weights
from headstart.backbones.folders.published import published_cards
from headstart.backbones.folders.sentence_files import is_normalised, longest_of, pooling_of

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone
    from headstart.backbones.texts.backbone import TextBackbone

_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_OF_OTHER_INPUTS = (
    "data2vec-audio",
    "granite_speech5_ctc",
    "hubert",
    "lasr_ctc",
    "lasr_encoder",
    "mctct",
    "mgp-str",
    "omniasr_ctc",
    "parakeet_ctc",
    "perceiver",
    "sew",
    "sew-d",
    "unispeech",
    "unispeech-sat",
    "wav2vec2",
    "wav2vec2-bert",
    "wav2vec2-conformer",
    "wavlm",
)
"""Model types with a tokenizer for what they give: they take sounds, pictures or bytes."""

_PATTERNS = ("*.json", "*.txt", "*.model", WEIGHTS, "README.md", "modules.json", "1_Pooling/config.json")

# name, licence, weights, pretraining: what suits a laptop, where size costs time
_LISTED = (
    ("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0", 22_713_216, "sentence pairs, English"),
    ("sentence-transformers/all-mpnet-base-v2", "apache-2.0", 109_486_464, "sentence pairs, English"),
    ("microsoft/deberta-v3-small", "mit", 141_895_680, "English text"),
    ("roberta-base", "mit", 124_645_632, "English text"),
    ("distilbert-base-uncased", "apache-2.0", 66_362_880, "English text"),
    ("bert-base-uncased", "apache-2.0", 109_482_240, "English text"),
    ("gpt2", "mit", 124_439_808, "English web text"),
)
_DECODERS = ("gpt2",)


class TransformersText(Source):
    """``transformers/NAME``: NAME is a hub repository with ``model.safetensors``. No code from it is run."""

    prefix = "transformers"

    def cards(self) -> list[Card]:
        return published_cards(self, "text", _LISTED, _prior)

    def has(self, name: str) -> bool:
        """Any ``name`` or ``owner/name`` may be on the hub; only the hub knows."""
        return 0 < len(name.split("/")) <= 2 and all(name.split("/"))

    def load(self, name: str, pretrained: bool = True) -> Backbone:
        source, card = source_of(fetch_folder(name, _PATTERNS, ("config.json", WEIGHTS)))
        # The library has models for other inputs too, which another source of it reads.
        return source.load_folder(Path(card.path), replace(card, name=f"{self.prefix}/{name}"), pretrained)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        has_tokenizer = any((folder / name).is_file() for name in _TOKENIZERS)
        of_pairs = entailment_place(config) is not None
        return "text" if has_tokenizer and _takes_texts(config) and not of_pairs else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> TextBackbone:
        from headstart.backbones.folders import transformers_networks as networks

        tokenizer = networks.read_tokenizer(folder, str(folder))
        config = networks.make_config(read_config(folder), str(folder))
        network = networks.load_network(folder, config) if pretrained else networks.make_network(config)
        extra = {"sentence_normalised": is_normalised(folder), "longest": longest_of(folder)}
        return self._wrap(network, config, tokenizer, card, pooling_of(folder), extra)

    def _wrap(
        self, network: Any, config: Any, tokenizer: Any, card: Card, pooling: str, extra: Mapping[str, Any]
    ) -> TextBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.backbones.texts.backbone import TextBackbone
        from headstart.backbones.texts.preprocess import TextPreprocess

        length = networks.max_length(network, tokenizer, extra.get("longest"))
        preprocess = TextPreprocess(tokenizer, length, networks.inputs_of(network, tokenizer))
        description = {"source": Path(__file__).stem, "config": networks.plain_config(config), **extra}
        with networks.told(f"{card.name or card.path}: cannot be run as an encoder of texts"):
            return TextBackbone(network, card, preprocess, description, pooling)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> TextBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.core.errors import HeadstartError

        if assets is None:
            raise HeadstartError(f"{description['name']}: the folder with its tokenizer files is missing.")
        tokenizer = networks.read_tokenizer(assets, description["name"])
        config = networks.make_config(description["config"], description["name"])
        extra = {key: description[key] for key in ("sentence_normalised", "longest")}
        card = Card(**description["card"])
        return self._wrap(networks.make_network(config), config, tokenizer, card, description["pooling"], extra)

    def folder_config(self, description: Mapping[str, Any]) -> dict[str, Any]:
        return dict(description["config"])

    def tiny(self, name: str) -> TextBackbone:
        from headstart.backbones.folders import transformers_networks as networks
        from headstart.backbones.texts import tiny_texts as texts

        tokenizer = texts.tiny_tokenizer(name)
        config = networks.make_config(texts.tiny_config(name, tokenizer), name)
        card = Card(f"{self.prefix}/{name}", "text", pretraining="none: a miniature")
        extra = {"sentence_normalised": False, "longest": None}
        return self._wrap(networks.make_network(config), config, tokenizer, card, "mean", extra)

    def families(self) -> list[str]:
        from headstart.backbones.texts.tiny_texts import families

        return families()


def _takes_texts(config: Mapping[str, Any]) -> bool:
    """Whether the model takes texts alone and has one row of layers."""
    others = {"vision_config", "audio_config"} & set(config) or config.get("is_encoder_decoder")
    return "model_type" in config and not others and config["model_type"] not in _OF_OTHER_INPUTS


def _prior(name: str, parameters: int) -> Prior:
    known = of_weights("texts", "", name)
    found = known or estimated_text(parameters, name.startswith("sentence-transformers/"))
    return found._replace(rank=found.rank - DECODER * (name in _DECODERS))
