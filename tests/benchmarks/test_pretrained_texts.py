"""The benchmark of pretraining on texts: no label and no test text is learnt from, and gains are paired."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from headstart.backbones import load, write_folder, written_as
from headstart.backbones.base import collate
from headstart.backbones.texts.recurrent_text import begun
from language_folders import tiny_language
from small_world import table, texts

pytestmark = pytest.mark.usefixtures("benchmarks")


@pytest.fixture
def parts() -> Any:
    return importlib.import_module("pretrained._texts")


@pytest.fixture
def spam(at_hand: Path) -> Path:
    (at_hand / "sms_spam").mkdir()
    for which, count, seed in (("train", 60, 0), ("test", 30, 1)):
        rows = [{"text": f"{which} {text}", "label": label} for text, label in texts(count, seed)]
        table(at_hand / "sms_spam" / f"{which}.csv", rows)
    return at_hand


def test_unlabelled_tables_hold_train_texts_alone(parts: Any, spam: Path) -> None:
    (file,) = parts.unlabelled(["sms_spam"], spam, spam)
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    assert (lines[0], len(lines)) == ("text", 61)
    assert all(line.startswith("train ") for line in lines[1:])
    given = parts.few_labelled("sms_spam", spam, 12, 0)
    assert (len(given.train), len(given.test)) == (12, 30)


def test_the_gain_is_paired_and_counts_a_text_once(parts: Any) -> None:
    gain = parts.gained(["a", "b", "a", "b"], [True, True, True, False], [False, True, True, False])
    assert gain.value == pytest.approx(0.25)  # right one time of four that the other is not
    # sums of differences 1 and 0, of two texts that stand there twice: sqrt(2 (0.5² + 0.5²)) / 4
    assert gain.error == pytest.approx(0.25)


def test_a_random_copy_has_the_tokenizer_and_other_weights(parts: Any, at_hand: Path) -> None:
    torch.manual_seed(0)
    made = begun("awd_lstm:embedding=8,hidden=12,vocabulary=320", [text for text, _ in texts(30)])
    (at_hand / "lm").mkdir()
    made.save_assets(at_hand / "lm")
    write_folder(made, at_hand / "lm", written_as(made), "licence: mit\n")
    one, other = (load(parts.random_copy(at_hand / "lm", at_hand / f"random{seed}", seed)) for seed in (1, 2))
    assert one.preprocess.describe() == made.preprocess.describe()
    batch = collate([made.preprocess("the quick fox")])
    with torch.no_grad():
        found = [network.features(batch) for network in (made, one, other)]
    assert not torch.allclose(found[0], found[1])
    assert not torch.allclose(found[1], found[2])
    with pytest.raises(ValueError, match="no recurrent network"):
        parts.random_copy("tiny_bert", at_hand / "r", 0)


def test_features_stand_in_the_order_of_the_texts(at_hand: Path) -> None:
    features = importlib.import_module("pretrained.continued_texts")._features
    network = tiny_language("bert", at_hand / "bert")
    some = ["the fox", "a model learns from a few examples", "good", "this film was good , that film was bad"]
    found = features(network, some)
    with torch.no_grad():
        alone = torch.cat([network.features(collate([network.preprocess(text)])) for text in some])
    assert torch.allclose(found, alone, atol=1e-5)
