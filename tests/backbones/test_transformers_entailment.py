"""A classifier of pairs of sentences as a backbone: its features are transformers' own logits, one a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from headstart.backbones import load
from headstart.backbones.base import Name, collate
from headstart.backbones.texts.tiny_texts import tiny_tokenizer
from headstart.core.errors import HeadstartError, UsageError
from headstart.core.names import read_names
from headstart.experiment.fitting.from_names import model_from_names
from language_folders import entailment_folder

TEXTS = ["the quick brown fox jumps", "call now to win a free prize or see you at home tonight"]


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Any]:
    """A folder with a classifier of random weights, and the classifier."""
    return tmp_path / "entails", entailment_folder(tmp_path / "entails")


def test_features_are_the_logits_of_entailment(written: tuple[Path, Any]) -> None:
    folder, model = written
    backbone = load(folder)
    assert backbone.card.words
    named = backbone.named([Name("fox"), Name("free_prize"), Name("dog")], ["the {}"])
    batch = collate([named.backbone.preprocess(text) for text in TEXTS])
    with torch.no_grad():
        features = named.backbone.features(batch)
    assert features.shape == (2, 3)
    tokenizer = tiny_tokenizer("bert")
    for row, text in enumerate(TEXTS):
        for column, words in enumerate(["the fox", "the free prize", "the dog"]):
            with torch.no_grad():
                logits = model(**tokenizer(text, words, return_tensors="pt")).logits
            assert features[row, column] == pytest.approx(float(logits[0, 1]), abs=1e-5)


def test_a_model_of_names_is_saved_loaded_and_extended(written: tuple[Path, Any], tmp_path: Path) -> None:
    import headstart

    model = model_from_names(load(written[0]), read_names("fox,dog"))
    before = model.predict_proba(TEXTS)
    again = headstart.load(model.save(tmp_path / "saved"))
    assert abs(again.predict_proba(TEXTS) - before).max() < 1e-6
    more = again.with_labels(["film"])
    assert more.labels == ["fox", "dog", "film"]
    probable = more.predict_proba(TEXTS)
    assert abs(probable[:, 0] / probable[:, 1] - before[:, 0] / before[:, 1]).max() < 1e-4


def test_it_says_what_it_needs(written: tuple[Path, Any]) -> None:
    backbone = load(written[0])
    with pytest.raises(UsageError, match="has been told none"):
        backbone.preprocess("a text")
    with pytest.raises(UsageError, match="give --labels FILE"):
        backbone.about([])
    with pytest.raises(UsageError, match="2 prompts"):
        backbone.named([Name("fox")], ["a {}", "the {}"])
    most = backbone.preprocess.max_length // 2
    with pytest.raises(UsageError, match=f"What 'fox' means takes .* tokens at most. Say it in {most}."):
        backbone.named([Name("dog"), Name("fox", "quick " * most)])


def test_an_encoder_with_a_decoder_is_refused_and_said_to_be_one(tmp_path: Path) -> None:
    """As BART is, by which many tell texts apart by names."""
    config = {"model_type": "bart", "is_encoder_decoder": True, "architectures": ["BartForSequenceClassification"]}
    config |= {"id2label": {"0": "contradiction", "1": "neutral", "2": "entailment"}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(HeadstartError, match="holds an encoder with a decoder of transformers"):
        load(tmp_path)
