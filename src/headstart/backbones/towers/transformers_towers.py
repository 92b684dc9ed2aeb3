"""Builds and loads the two towers of transformers' CLIP and SigLIP from files only, and miniatures for tests."""

from __future__ import annotations

import math
import string
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Card
from headstart.backbones.folders.transformers_networks import make_config, plain_config, read_tokenizer, told
from headstart.backbones.images import transformers_pixels as pixels
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.rebuild import described_card
from headstart.backbones.towers.picture_tokens import with_tokens
from headstart.backbones.towers.text_tower import FOLDER, TextTower
from headstart.backbones.towers.two_towers import PictureTower, TwoTowersBackbone
from headstart.core.errors import HeadstartError, WordsUnread
from headstart.core.files import read_json

_SOURCE = "transformers_images"

_TOLD = {"clip": ("input_ids", "attention_mask"), "siglip": ("input_ids",)}
"""By ``model_type``, what the text tower is given: SigLIP is trained without a mask, so that what fills a text up
counts."""

_PIXELS: dict[str, tuple[Any, bool]] = {"clip": (pixels.CLIP, False), "siglip": (pixels.HALF, True)}
"""By ``model_type``, where the folder is silent: mean and deviation, and whether whole pictures become squares."""

__all__ = ["backbone", "make_config", "picture_tower", "preprocess_of", "rebuilt", "text_tower", "tiny"]


_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def as_siglip_reads(texts: Sequence[str], folder: Path) -> list[str]:
    """In small letters, and for the tokenizer of the first SigLIP without punctuation, as both were trained; a
    tokenizer.json may do so itself, or leave it to the class that is named beside it."""
    named = dict(read_json(folder / "tokenizer_config.json", {})).get("tokenizer_class")
    small = [text.lower() for text in texts]
    if not str(named).startswith("SiglipTokenizer"):
        return small
    return [" ".join(text.translate(_NO_PUNCTUATION).split()) for text in small]


class WordTower(nn.Module):
    """Token ids (n, L) → vectors (n, D); parameters are named as in the whole model's file."""

    def __init__(self, text_model: nn.Module, text_projection: nn.Module | None) -> None:
        super().__init__()
        self.text_model = text_model
        if text_projection is not None:
            self.text_projection = text_projection

    def forward(self, **inputs: Tensor) -> Tensor:
        """Vectors in the space of pictures."""
        pooled = self.text_model(**inputs).pooler_output
        return self.text_projection(pooled) if hasattr(self, "text_projection") else pooled


def _whole(config: Any) -> nn.Module:
    """The whole model with random weights."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    made_by: Any = MODEL_MAPPING[type(config)]
    model: nn.Module = made_by._from_config(config, dtype=torch.float32)
    return model.eval()


def picture_tower(config: Any, given: Mapping[str, Tensor] | None, where: str) -> tuple[PictureTower, float]:
    """The picture tower, and what cosines are multiplied by; with random weights where none are given.

    Raises
    ------
    HeadstartError : weights are missing or of another shape; names some.
    """
    model: Any = _whole(config)
    if given is not None:
        own = model.state_dict()
        needed = {name for name in dict(model.named_parameters()) if not name.startswith("text_")}
        wrong = sorted(n for n in needed if n not in given or given[n].shape != own[n].shape)
        if wrong:
            raise HeadstartError(
                f"{where}: the weights do not fit its configuration: {len(wrong)} missing or of another shape "
                f"({', '.join(wrong[:5])})."
            )
        model.load_state_dict({name: tensor for name, tensor in given.items() if name in own}, strict=False)
    scale = math.exp(float(model.logit_scale.detach()))
    return PictureTower(model.vision_model, getattr(model, "visual_projection", None)), scale


def text_tower(
    config: Any,
    where: Path,
    tower: nn.Module | None = None,
    read: Callable[[Path], Mapping[str, Tensor]] | None = None,
) -> TextTower:
    """The text tower whose tokenizer and weights lie in the folder `where`; read when it is first asked.

    `read` gives the weights of a folder that names them otherwise.
    """

    def build() -> nn.Module:
        model: Any = _whole(config)
        return WordTower(model.text_model, getattr(model, "text_projection", None))

    def prepare(folder: Path, texts: Sequence[str]) -> dict[str, Tensor]:
        try:
            tokenizer = read_tokenizer(folder, str(folder))
        except HeadstartError as error:
            raise WordsUnread(str(error)) from error
        if config.model_type == "siglip":
            texts = as_siglip_reads(texts, folder)
        most = int(config.text_config.max_position_embeddings)
        # Both families are trained on texts filled up to their full length; SigLIP reads its last place.
        filled = tokenizer(list(texts), padding="max_length", truncation=True, max_length=most, return_tensors="pt")
        return {name: filled[name] for name in _TOLD[config.model_type]}

    return TextTower(build, where, prepare, tower, read)


def preprocess_of(settings: Mapping[str, Any], config: Any, where: str) -> ImagePreprocess:
    """Pixels as `settings` of the folder `where` say, else as the family had them.

    Raises
    ------
    HeadstartError : they say nothing that makes sense.
    """
    statistics, squares = _PIXELS[config.model_type]
    with told(f"{where}: nothing can be made of what it says of pictures"):
        return pixels.preprocess_of(settings, int(config.vision_config.image_size), statistics, squares=squares)


def backbone(
    picture: PictureTower, words: TextTower, card: Card, preprocess: ImagePreprocess, config: Any, scale: float
) -> TwoTowersBackbone:
    """The two towers as one backbone."""
    return TwoTowersBackbone(picture, words, card, preprocess, _described(config), scale)


def _described(config: Any) -> dict[str, Any]:
    return {"source": _SOURCE, "config": plain_config(config)}


def rebuilt(description: Mapping[str, Any], assets: Path | None) -> Backbone:
    """The architecture from its description, the text tower from the model folder `assets`, where there is one.

    Raises
    ------
    HeadstartError : its text tower is missing.
    """
    config, name = make_config(description["config"], description["name"]), description["name"]
    picture, _ = picture_tower(config, None, name)
    preprocess, card = ImagePreprocess.from_description(description["preprocess"]), described_card(description)
    if "frame" in description:
        made = with_tokens(picture.vision, picture.projection, card, preprocess, _described(config))
        return made.framed(tuple(description["frame"]))
    if assets is None:
        raise HeadstartError(f"{name}: the folder with its text tower is missing.")
    words = text_tower(config, assets / FOLDER)
    return backbone(picture, words, card, preprocess, config, float(description["scale"]))


def tiny(family: str, name: str) -> TwoTowersBackbone:
    """A miniature with random weights: four layers, 32 wide, pictures of 32 pixels, a tokenizer made on the spot."""
    from headstart.backbones.texts.tiny_texts import tiny_tokenizer

    tokenizer = tiny_tokenizer("distilbert")
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2}
    ends = {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 1}
    text = {**small, **ends, "vocab_size": len(tokenizer), "max_position_embeddings": 24, "projection_size": 32}
    vision = {**small, "image_size": 32, "patch_size": 8}
    plain = {"model_type": family, "text_config": text, "vision_config": vision, "projection_dim": 24}
    config = make_config(plain, name)
    there = tempfile.TemporaryDirectory(prefix="headstart-tiny-")
    tokenizer.save_pretrained(there.name)
    model: Any = _whole(config)
    tower = WordTower(model.text_model, getattr(model, "text_projection", None)).eval()
    words = text_tower(config, Path(there.name), tower)
    vars(words)["there"] = there  # goes when the tower goes
    picture = PictureTower(model.vision_model, getattr(model, "visual_projection", None))
    card = Card(name, "image", pretraining="none: a miniature", words=True)
    return backbone(
        picture,
        words,
        card,
        preprocess_of({}, config, name),
        config,
        math.exp(float(model.logit_scale.detach())),
    )
