"""Folders of transformers choose no way to load weights and no code: quantized ones are refused, of all kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headstart.backbones import SOURCES, load
from headstart.backbones.base import Card
from headstart.backbones.folders.transformers_networks import make_config
from headstart.core.errors import HeadstartError
from language_folders import tiny_language

OF_TRANSFORMERS = [name for name in SOURCES.names() if name.startswith("transformers_")]
EIGHT_BITS = {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}
REFUSED = r"config\.json holds quantization_config \(bitsandbytes\).*only weights in full precision"


def told(file: Path, **further: Any) -> None:
    """Put further settings into a file of JSON."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **further}), encoding="utf-8")


@pytest.mark.parametrize("name", OF_TRANSFORMERS)
def test_each_source_refuses_quantized_weights_before_it_builds_a_network(name: str, tmp_path: Path) -> None:
    source = SOURCES.load(name)()
    tiny = source.tiny(source.families()[0])
    tiny.save_assets(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**tiny.describe()["config"], **EIGHT_BITS}), encoding="utf-8")
    card = Card("local/quantized", tiny.card.modality, path=str(tmp_path))
    with pytest.raises(HeadstartError, match=REFUSED) as refused:
        source.load_folder(tmp_path, card, pretrained=False)
    assert str(tmp_path) in str(refused.value)


def test_a_folder_of_quantized_weights_is_refused_and_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_language("bert", tmp_path / "bert")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    assert [card.name for card in SOURCES.load("local_folder")().cards()] == ["local/bert"]
    told(tmp_path / "bert" / "config.json", **EIGHT_BITS)
    with pytest.raises(HeadstartError, match=REFUSED):
        load(tmp_path / "bert")
    assert not SOURCES.load("local_folder")().cards()


def test_configurations_within_one_are_looked_into_and_null_says_nothing() -> None:
    within = {"model_type": "clip", "text_config": {"quantization_config": {"bits": 4}}}
    with pytest.raises(HeadstartError, match=r"a folder: its config\.json holds text_config\.quantization_config: "):
        make_config(within, "a folder")
    make_config({"model_type": "clip", "quantization_config": None}, "a folder")


def test_code_in_a_folder_is_not_run(tmp_path: Path) -> None:
    """Of a network and a tokenizer that transformers knows, its own are taken; another tokenizer is refused."""
    folder = tmp_path / "bert"
    tiny_language("bert", folder)
    (folder / "theirs.py").write_text("from pathlib import Path\nPath(__file__).with_name('has run').touch()\n")
    told(folder / "config.json", auto_map={"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"})
    told(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["theirs.Tokens", "theirs.Tokens"]})
    load(folder)
    told(folder / "tokenizer_config.json", tokenizer_class="TheirTokens")
    told(folder / "config.json", model_type="theirs")
    with pytest.raises(HeadstartError):
        load(folder)
    assert not (folder / "has run").exists()
