"""Folders: the right library is found, weights must fit, and real backbones give what their library gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from headstart.backbones import SOURCES, load
from headstart.backbones.base import Card
from headstart.backbones.folders.folder import count_parameters
from headstart.backbones.folders.transformers_networks import make_config
from headstart.core.errors import HeadstartError
from kept_folders import kept


def write(folder: Path, config: object, weights: dict[str, torch.Tensor] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    if weights is not None:
        save_file(weights, folder / "model.safetensors")
    return folder


TIMM = {
    "architecture": "resnet18",
    "pretrained_cfg": {"input_size": [3, 32, 32], "classifier": "fc"},
    "model_args": {"layers": [1, 1, 1, 1]},
}


def test_a_timm_folder_without_its_classifier(tmp_path: Path) -> None:
    import timm

    full = timm.create_model("resnet18", layers=[1, 1, 1, 1]).eval()
    backbone = load(write(tmp_path / "t", TIMM, full.state_dict()))
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = full.forward_head(full.forward_features(pixels), pre_logits=True)
        assert torch.equal(backbone.features({"pixels": pixels}), expected)
    assert backbone.card.parameters == count_parameters(tmp_path / "t" / "model.safetensors")


def test_a_transformers_folder(tmp_path: Path) -> None:
    tiny = SOURCES.load("transformers_text")().tiny("bert")
    tiny.save_assets(tmp_path)
    state = {name.removeprefix("network."): tensor for name, tensor in tiny.state_dict().items()}
    head = {"pooler.dense.weight": torch.zeros(32, 32), "cls.predictions.bias": torch.zeros(9)}
    write(tmp_path, tiny.describe()["config"], {**state, **head})
    backbone = load(tmp_path)
    batch = {name: tensor[None] for name, tensor in tiny.preprocess("the quick brown fox").items()}
    with torch.no_grad():
        assert torch.equal(backbone.features(batch), tiny.features(batch))
    del state["encoder.layer.1.output.dense.weight"]
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(HeadstartError, match=r"1 missing \(encoder.layer.1.output.dense.weight\)"):
        load(tmp_path)


def test_an_adapter_beside_the_weights_is_refused(tmp_path: Path) -> None:
    """transformers would put it into the network, and not say what of the weights is missing."""
    from peft import LoraConfig, get_peft_model

    sentence_folder(tmp_path, [], {})
    load(tmp_path)
    tiny = SOURCES.load("transformers_text")().tiny("bert")
    get_peft_model(tiny.network, LoraConfig(target_modules=["query"])).save_pretrained(tmp_path)
    with pytest.raises(HeadstartError, match=r"adapter_config\.json stands beside the weights.*Merge it"):
        load(tmp_path)


@pytest.mark.parametrize("kind", ["attn", "experts"])
@pytest.mark.parametrize("lead", ["", "_"])
def test_a_configuration_chooses_no_code(kind: str, lead: str) -> None:
    chosen = {f"{lead}{kind}_implementation": "somebody/kernels", "auto_map": {"AutoModel": "theirs.Model"}}
    vision = {"hidden_size": 32, "num_attention_heads": 2, **chosen}
    config = make_config({"model_type": "clip", "vision_config": vision, **chosen}, "a folder")
    for each in (config, config.vision_config):
        assert getattr(each, f"_{kind}_implementation") is None
        assert not hasattr(each, "auto_map")
    assert config.vision_config.hidden_size == 32


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_lasttoken": True}, "last"),
        # as Pooling of sentence-transformers 6 writes it
        ({"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": True}, "cls"),
        ({"embedding_dimension": 32, "pooling_mode": "lasttoken", "include_prompt": True}, "last"),
        ({"pooling_mode": ["mean"]}, "mean"),
        ({"word_embedding_dimension": 32}, "mean"),
    ],
)
def test_pooling_as_the_sentence_encoder_says(tmp_path: Path, config: dict[str, object], pooling: str) -> None:
    tiny = sentence_folder(tmp_path, ["Transformer", "Pooling", "Normalize"], config)
    backbone = load(tmp_path)
    assert backbone.describe()["pooling"] == pooling
    assert backbone.describe()["sentence_normalised"] is True
    batch = {name: tensor[None] for name, tensor in tiny.preprocess("the quick brown fox").items()}
    with torch.no_grad():
        hidden = tiny.network(**batch).last_hidden_state[0][: int(batch["attention_mask"].sum())]
        expected = {"cls": hidden[0], "last": hidden[-1], "mean": hidden.mean(0)}[pooling]
        torch.testing.assert_close(backbone.features(batch)[0], expected)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"pooling_mode": "weightedmean"}, "weightedmean"),
        ({"pooling_mode": ["cls", "mean"]}, "cls and mean"),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "max and mean"),
    ],
)
def test_pooling_that_is_not_built_is_refused(tmp_path: Path, config: dict[str, object], named: str) -> None:
    sentence_folder(tmp_path, ["Transformer", "Pooling"], config)
    with pytest.raises(HeadstartError, match=f"1_Pooling/config.json: pools tokens by {named}, which is not built"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (["models.Transformer", "models.Pooling", "models.Normalize"], True),
        (["base.modules.transformer.Transformer", "sentence_transformer.modules.pooling.Pooling"], True),
        # LaBSE and EmbeddingGemma; classifiers of pairs, sparse vectors, vectors of each token
        (["models.Transformer", "models.Pooling", "models.Dense", "models.Normalize"], False),
        (["base.modules.transformer.Transformer"], False),
        (["base.modules.transformer.Transformer", "sparse_encoder.modules.splade_pooling.SpladePooling"], False),
        (["base.modules.transformer.Transformer", "base.modules.dense.Dense"], False),
    ],
)
def test_words_are_known_where_cosines_of_the_pooled_tokens_were_trained(
    tmp_path: Path, modules: list[str], words: bool
) -> None:
    sentence_folder(tmp_path, modules, {"pooling_mode": "mean"})
    assert load(tmp_path).card.words is words


def test_a_list_of_modules_that_is_none_is_said_and_breaks_no_other(tmp_path: Path) -> None:
    sentence_folder(tmp_path, ["Transformer"], {"pooling_mode": "mean"})
    (tmp_path / "modules.json").write_text('{"0": "Transformer"}')
    with pytest.raises(HeadstartError, match="holds a JSON dict, where a list is meant"):
        load(tmp_path)


def encoder_folder(folder: Path) -> Any:
    """A miniature in transformers' layout in `folder`, and the miniature itself."""
    tiny = SOURCES.load("transformers_text")().tiny("bert")
    tiny.save_assets(folder)
    state = {name.removeprefix("network."): tensor for name, tensor in tiny.state_dict().items()}
    write(folder, tiny.describe()["config"], state)
    return tiny


def sentence_folder(folder: Path, modules: list[str], pooling: dict[str, object]) -> Any:
    """A miniature with sentence-transformers' files in `folder`, and the miniature itself."""
    tiny = kept(folder, "encoder of texts", encoder_folder)
    write(folder / "1_Pooling", pooling)
    types = [{"idx": i, "type": f"sentence_transformers.{each}"} for i, each in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(types))
    return tiny


def test_models_that_take_more_or_other_than_texts_are_no_text_encoders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import T5Config, T5Model

    small = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2, "vocab_size": 60}
    T5Model(T5Config(**small)).save_pretrained(tmp_path / "t5")
    source = SOURCES.load("transformers_text")()
    source.tiny("bert").save_assets(tmp_path / "t5")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    assert not SOURCES.load("local_folder")().cards()
    with pytest.raises(HeadstartError, match=r"t5: holds an encoder with a decoder of transformers \(t5\)"):
        load(tmp_path / "t5")
    with pytest.raises(HeadstartError, match="local/t5: cannot be run as an encoder of texts"):
        source.load_folder(tmp_path / "t5", Card("local/t5", "text"), pretrained=False)
    for config in ({"model_type": "wav2vec2", "vocab_size": 32}, {"model_type": "clap", "audio_config": {}}):
        assert source.reads(tmp_path / "t5", config) is None
    assert source.reads(tmp_path / "t5", {"model_type": "bert", "is_encoder_decoder": False}) == "text"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden": 3}, r"holds no backbone.*it has hidden"),
        ([1], "holds a JSON list, where a dict is meant"),
        ({"library": "torchvision", "architecture": "resnet81"}, "Did you mean 'resnet1"),
        ({**TIMM, "architecture": "resnet81"}, "no architecture 'resnet81'"),
        ({**TIMM, "last_stage": "layer7"}, "no stage 'layer7'"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, config: object, message: str) -> None:
    with pytest.raises(HeadstartError, match=message):
        load(write(tmp_path / "x", config, {"a": torch.zeros(1)}))


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(HeadstartError, match=r"config\.json is missing"):
        load(tmp_path / "empty")
    with pytest.raises(HeadstartError, match=r"model\.safetensors is missing"):
        load(write(tmp_path / "bare", TIMM))
    (tmp_path / "file").write_text("")
    with pytest.raises(HeadstartError, match="is a file, not a folder"):
        load(tmp_path / "file")


# -- the real ones ------------------------------------------------------------------------------------


@pytest.fixture
def backbones(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADSTART_MODELS", str(shared / "backbones"))
    return shared / "backbones"


def test_real_folders_are_listed_and_others_passed_over(backbones: Path) -> None:
    names = {card.name.removeprefix("local/") for card in SOURCES.load("local_folder")().cards()}
    images = {"mobilenetv1_100", "mobilenetv2_100", "mobilenetv2_100_inat_bird", "torchvision_squeezenet1_1"}
    assert images | {"torchvision_resnet18_to_layer3", "llama_stories260k", "deeplabv3_mobilenetv2_voc"} <= names
    assert "speech_embedding" not in names


def test_a_real_timm_folder_equals_timm(backbones: Path) -> None:
    import timm

    reference = timm.create_model("mobilenetv2_100", num_classes=965, pad_type="same").eval()
    reference.load_state_dict(load_file(backbones / "mobilenetv2_100_inat_bird" / "model.safetensors"))
    reference.reset_classifier(0)
    backbone, pixels = load("local/mobilenetv2_100_inat_bird"), torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(backbone.features({"pixels": pixels}), reference(pixels))


def test_a_real_partial_folder_equals_torchvisions_extractor(backbones: Path) -> None:
    from torchvision.models import resnet18
    from torchvision.models.feature_extraction import create_feature_extractor

    reference = resnet18(weights=None).eval()
    state = load_file(backbones / "torchvision_resnet18_to_layer3" / "model.safetensors")
    assert not reference.load_state_dict(state, strict=False).unexpected_keys
    backbone, pixels = load("torchvision_resnet18_to_layer3"), torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        expected = create_feature_extractor(reference, ["layer3"])(pixels)["layer3"].mean((2, 3))
        torch.testing.assert_close(backbone.features({"pixels": pixels}), expected)
    assert backbone.stages()[-1].name == "layer3.1"


def test_a_real_decoder_equals_transformers(backbones: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = backbones / "llama_stories260k"
    text = "Once upon a time there was a little girl"
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    backbone = load("llama_stories260k")
    with torch.no_grad():
        expected = AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state.mean(1)
        batch = {name: tensor[None] for name, tensor in backbone.preprocess(text).items()}
        torch.testing.assert_close(backbone.features(batch), expected, rtol=1e-4, atol=1e-5)
