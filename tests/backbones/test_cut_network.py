"""The classifier, or everything after a stage, is taken off; torchvision's own extractor is the reference."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.cut_network import remove_classifier, truncate
from headstart.backbones.torchvision import Torchvision
from headstart.core.errors import HeadstartError

SHAPE = (1, 3, 64, 64)


@pytest.mark.parametrize(
    ("name", "classifier", "width"),
    [("squeezenet1_1", "classifier.1", 512), ("mobilenet_v3_small", "classifier.3", 1024), ("resnet18", "fc", 512)],
)
def test_only_the_scoring_layer_goes(name: str, classifier: str, width: int) -> None:
    network = models.get_model(name, weights=None).eval()
    path, seen = remove_classifier(network, SHAPE)
    assert path == classifier
    assert isinstance(network.get_submodule(classifier), nn.Identity)
    with torch.no_grad():
        assert network(torch.zeros(SHAPE)).shape == seen.shape == (1, width)


@pytest.mark.parametrize("name", ["squeezenet1_1", "densenet121", "vit_b_16", "swin_t", "inception_v3"])
def test_what_was_seen_with_the_classifier_holds_without_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One forward pass tells all: a second one finds the same stages and widths, and is not made."""
    once = Torchvision().tiny(name)
    again = ImageBackbone(once.network, once.card, once.preprocess, {})
    assert again.stages() == once.stages()
    assert again.feature_size == once.feature_size
    monkeypatch.setattr(ImageBackbone, "_look", None)
    assert Torchvision().tiny(name).stages() == once.stages()


@pytest.mark.parametrize(
    ("name", "stage", "width"), [("resnet18", "layer3", 256), ("mobilenet_v2", "features.6", 32)]
)
def test_truncation_equals_the_pooled_stage(name: str, stage: str, width: int) -> None:
    network, pixels = models.get_model(name, weights=None).eval(), torch.randn(SHAPE)
    with torch.no_grad():
        expected = create_feature_extractor(network, {stage: "map"})(pixels)["map"].mean((2, 3))
        remove_classifier(network, SHAPE)
        truncate(network, stage, SHAPE)
        assert expected.shape == (1, width)
        torch.testing.assert_close(network(pixels), expected)


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(HeadstartError, match=r"layer9.*conv1.*layer4"):
        truncate(models.resnet18(weights=None).eval(), "layer9", SHAPE)
