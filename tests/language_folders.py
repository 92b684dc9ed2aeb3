"""Miniature language models in folders: they know the words of the small world, and some have a token for masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from headstart.backbones import SOURCES, load, write_folder, written_as
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.tiny_texts import tiny_config, tiny_tokenizer

MASK = "[MASK]"


def tiny_language(family: str, folder: Path, seed: int = 0, dropout: float | None = None) -> LanguageBackbone:
    """A miniature of `family` with random weights, written into `folder` and read again."""
    source = SOURCES.load("transformers_text")()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tiny: Any = source.tiny(family)
    config = written_as(tiny)
    if tiny.looks_ahead:
        tiny.tokenizer.add_special_tokens({"mask_token": MASK})
        tiny.network.resize_token_embeddings(len(tiny.tokenizer))
        config["vocab_size"] = len(tiny.tokenizer)
    if dropout is not None:
        config |= {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    folder.mkdir(parents=True)
    tiny.save_assets(folder)
    write_folder(tiny, folder, config, "licence: mit\n")
    made = load(folder)
    assert isinstance(made, LanguageBackbone)
    return made


def entailment_folder(folder: Path) -> Any:
    """A classifier of pairs of sentences with random weights, written to `folder` as transformers does."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    tokenizer = tiny_tokenizer("bert")
    plain = tiny_config("bert", tokenizer)
    labels = {"id2label": {0: "contradiction", 1: "ENTAILMENT", 2: "neutral"}}
    config = AutoConfig.for_model(plain.pop("model_type"), **plain, **labels, num_labels=3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_config(config).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(str(folder))
    return model


def as_sentence_encoder(folder: Path) -> LanguageBackbone:
    """The model in `folder`, from now on with the files of a sentence encoder."""
    made = load(folder)
    assert isinstance(made, LanguageBackbone)
    for path, content in made.folder_files(sentences=True).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content))
    again = load(folder)
    assert isinstance(again, LanguageBackbone)
    return again
