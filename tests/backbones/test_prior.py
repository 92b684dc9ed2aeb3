"""The static prior: published accuracies where they are known, estimates by size and age elsewhere."""

from __future__ import annotations

import math

import pytest

from headstart.backbones import all_cards
from headstart.backbones.folders.prior import FEWER, NARROW, PARTIAL, estimated, estimated_text, of_files, of_weights


def test_it_is_what_torchvision_documents() -> None:
    """Every figure of torchvision in the table is that of the installed library's own table of weights."""
    from torchvision import models

    from headstart.backbones.folders.prior import _published

    for row in _published()["torchvision"]:
        weights = models.get_model_weights(row.architecture)[row.weights]
        assert row.percent == pytest.approx(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"], abs=0.051)


def test_every_row_names_its_source() -> None:
    from headstart.backbones.folders.prior import _published

    rows = [row for each in _published().values() for row in each]
    assert len(rows) > 200
    assert all(row.source and 50 < row.percent < 95 for row in rows)


def test_known_weights_and_the_lowest_of_an_architecture_whose_weights_are_not_known() -> None:
    # torchvision's table: 76.130 and 80.858
    assert [prior.published for prior in map(_resnet, ("IMAGENET1K_V1", "IMAGENET1K_V2", ""))] == [76.1, 80.9, 76.1]
    assert of_weights("timm", "no_such_network") is None


def _resnet(tag: str):  # type: ignore[no-untyped-def]
    return of_weights("torchvision", "resnet50", tag)


def test_folders_go_by_the_same_table_as_names_on_the_hub() -> None:
    listed = {card.name: card for card in all_cards()}
    folder = {"architecture": "mobilenetv2_100", "num_classes": 1000, "pretrained_cfg": {"tag": "ra_in1k"}}
    given = of_files(folder, 3_504_872, sentences=False, pairs=False)
    hub = listed["timm/mobilenetv2_100.ra_in1k"]
    assert given.rank == hub.rank == hub.published
    assert given.published == 73.0  # timm's results: 72.976
    sentences = {"model_type": "bert", "num_hidden_layers": 6, "hidden_size": 384}
    name = "transformers/sentence-transformers/all-MiniLM-L6-v2"
    assert of_files(sentences, 22_713_216, sentences=True, pairs=False).rank == listed[name].rank
    clip = {"model_type": "clip", "vision_config": {"hidden_size": 768, "patch_size": 32}}
    name = "transformers_images/openai/clip-vit-base-patch32"
    assert of_files(clip, 151_277_313, sentences=False, pairs=False).published == listed[name].published == 76.1


def test_a_good_small_network_stands_before_a_poor_large_one() -> None:
    """VGG-11 has 27 times the weights of MobileNetV3-Large and 5 points less on ImageNet."""
    vgg, mobile = (
        of_files({"library": "torchvision", "architecture": name, "num_classes": 1000}, size, False, False)
        for name, size in (("vgg11", 132_863_336), ("mobilenet_v3_large", 5_483_032))
    )
    assert mobile.rank > vgg.rank


def test_narrow_and_partial_weights_have_no_published_figure_of_their_own() -> None:
    whole = {"library": "torchvision", "architecture": "resnet18", "num_classes": 1000}
    assert of_files(whole, 11_689_512, False, False) == of_weights("torchvision", "resnet18")
    for changed, off in (({"num_classes": 965}, NARROW), ({"last_stage": "layer3"}, PARTIAL)):
        prior = of_files({**whole, **changed}, 11_689_512, False, False)
        assert (prior.rank, prior.published) == (pytest.approx(69.8 - off), None)


def test_what_is_not_published_is_estimated_by_size_and_age() -> None:
    assert estimated("convnext_unheard_of", 28_600_000).rank == pytest.approx(
        71.2 + 5.8 * math.log10(2.86) + 1.7 * 6, abs=1e-3
    )
    assert estimated("x", 10_000_000).published is None
    # MTEB: MPNet for sentences 65.1 with 109 M, BERT 61.7 with 110 M
    assert estimated_text(109_486_464, sentences=True).rank == pytest.approx(65.1, abs=0.05)
    assert estimated_text(109_482_240, sentences=False).rank == pytest.approx(61.7, abs=0.05)


def test_a_network_taught_on_few_pictures_stands_below_its_architecture() -> None:
    begun = {"architecture": "mobilenetv2_100", "pretrained_cfg": {"tag": "ra_in1k"}}
    few, more, imagenet = (
        of_files({**begun, "learnt_from": count}, 2_258_036, False, False) for count in (5_990, 59_900, 1_281_167)
    )
    assert few.published is None
    assert few.rank == pytest.approx(73.0 - FEWER * math.log10(1_281_167 / 5_990))
    assert more.rank == pytest.approx(few.rank + FEWER)
    assert imagenet.rank == 73.0
