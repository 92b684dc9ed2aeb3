"""Published weights, as the libraries hand them out, fit; the download itself is replaced by a fresh state dict."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from headstart.backbones import SOURCES, load
from headstart.core.errors import UsageError


def test_inception_drops_its_second_classifier_and_rescales_as_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision: weights of Inception v3 hold AuxLogits, and loading them turns transform_input on."""
    full = models.inception_v3(weights=None, init_weights=False, aux_logits=True, transform_input=True).eval()
    monkeypatch.setattr("headstart.backbones.torchvision.download", lambda url, name: full.state_dict())
    backbone, pixels = load("torchvision/inception_v3"), torch.randn(1, 3, 96, 96)
    full.fc = nn.Identity()
    with torch.no_grad():
        assert torch.equal(backbone.features({"pixels": pixels}), full(pixels))


def test_torchvision_weights_by_name_bring_their_preprocessing(monkeypatch: pytest.MonkeyPatch) -> None:
    state = models.mobilenet_v2(weights=None).state_dict()
    monkeypatch.setattr("headstart.backbones.torchvision.download", lambda url, name: state)
    # torchvision's table: MobileNet_V2_Weights.IMAGENET1K_V1 resizes to 256 and crops 224, V2 resizes to 232
    for tag, resize in (("IMAGENET1K_V1", 256), ("IMAGENET1K_V2", 232)):
        preprocess = load(f"torchvision/mobilenet_v2.{tag}").preprocess
        assert (preprocess.describe()["size"], preprocess.size_hint) == (224, resize)
    with pytest.raises(UsageError, match=r"Did you mean 'IMAGENET1K_V"):
        load("torchvision/mobilenet_v2.IMAGENET1K_V3")


def of_old(found: re.Match[str]) -> str:
    return f".mlp.linear_{1 + int(found[1]) // 3}."


@pytest.mark.parametrize(
    ("name", "size", "today", "published", "renamed"),
    [
        # 58 layers, each of two normalisations (of five tensors) and two convolutions
        ("densenet121", 64, r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", 58 * 2 * (5 + 1)),
        # as torchvision's MLPBlock was called before its version 2; a size that only these weights have; two blocks
        # of two linear layers
        ("vit_b_16.IMAGENET1K_SWAG_E2E_V1", 384, r"\.mlp\.([03])\.", of_old, 2 * 2 * 2),
    ],
)
def test_torchvisions_files_fit_by_the_names_and_sizes_they_were_published_with(
    name: str,
    size: int,
    today: str,
    published: str | Callable[[re.Match[str]], str],
    renamed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transformers, make = models.vision_transformer, models.vision_transformer._vision_transformer
    monkeypatch.setattr(transformers, "_vision_transformer", lambda **given: make(**{**given, "num_layers": 2}))
    own = {"image_size": size} if name.startswith("vit") else {}
    full = models.get_model(name.partition(".")[0], weights=None, **own).eval()
    state = {re.sub(today, published, key): value for key, value in full.state_dict().items()}
    assert len(state.keys() - full.state_dict().keys()) == renamed
    monkeypatch.setattr("headstart.backbones.torchvision.download", lambda url, name: state)
    backbone, pixels = load(f"torchvision/{name}"), torch.randn(1, 3, size, size)
    full.set_submodule(backbone.describe()["classifier"], nn.Identity())
    with torch.no_grad():
        torch.testing.assert_close(backbone.features({"pixels": pixels}), full(pixels))


def test_mnasnet_takes_weights_that_name_no_version(tmp_path: Path) -> None:
    """torchvision's asks a state dict which version wrote it, and no file of safetensors says so."""
    full = models.mnasnet0_5(weights=None).eval()
    save_file(full.state_dict(), tmp_path / "model.safetensors")
    config = {"library": "torchvision", "architecture": "mnasnet0_5", "pretrained_cfg": {"input_size": [3, 64, 64]}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    backbone, pixels = load(tmp_path), torch.randn(1, 3, 64, 64)
    again = copy.deepcopy(SOURCES.load("torchvision")().rebuild(backbone.describe(), None))
    again.load_state_dict(dict(backbone.state_dict()))  # as a finished model's weights are read
    full.classifier[1] = nn.Identity()
    with torch.no_grad():
        expected = full(pixels)
        assert expected.count_nonzero() > 100
        for each in (backbone, again):
            assert torch.equal(each.features({"pixels": pixels}), expected)


def test_a_timm_name_is_fetched_from_the_repository_of_its_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import timm

    asked = []

    def fetch(repository: str, patterns: object, required: object) -> Path:
        asked.append(repository)
        return tmp_path

    full = timm.create_model("resnet18", layers=[1, 1, 1, 1]).eval()
    save_file(full.state_dict(), tmp_path / "model.safetensors")
    config = {"architecture": "resnet18", "num_classes": 1000, "global_pool": "avg"}
    small = {
        "model_args": {"layers": [1, 1, 1, 1]},
        "pretrained_cfg": {"classifier": "fc", "input_size": [3, 32, 32]},
    }
    (tmp_path / "config.json").write_text(json.dumps({**config, **small}))
    monkeypatch.setattr("headstart.backbones.timm.fetch_folder", fetch)
    backbone = load("timm/resnet18.a1_in1k")
    load("timm/somebody/their-model")
    assert asked == ["timm/resnet18.a1_in1k", "somebody/their-model"]
    assert backbone.card.name == "timm/resnet18.a1_in1k"
    assert backbone.feature_size == 512


@pytest.mark.parametrize(
    "name",
    [
        "torchvision/mobilenet_v2",
        "torchvision_segmenters/lraspp_mobilenet_v3_large",
        "torchvision_detectors/ssdlite320_mobilenet_v3_large",
    ],
)
def test_a_card_tells_weights_that_were_fetched_from_random_ones(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By where they lie: a pretraining goes on from the ones and begins anew with the others."""
    source, _, architecture = name.partition("/")
    bare = {} if source == "torchvision" else {"weights_backbone": None}
    state = models.get_model(architecture, weights=None, **bare).state_dict()
    monkeypatch.setattr(f"headstart.backbones.{source}.download", lambda url, name: state)
    card, random = load(name).card, SOURCES.load(source)().load(architecture, pretrained=False).card
    assert Path(card.path).name.startswith(architecture)
    assert Path(card.path).suffix == ".pth"
    assert card.licence == "bsd-3-clause"
    assert random.path == ""
