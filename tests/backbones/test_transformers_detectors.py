"""Detectors that predict sets: what transformers computes is computed here, and folders are starts for fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torchvision.ops import box_convert

from headstart.backbones import SOURCES, all_cards, default_card, load
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.core.boxes import Box, Boxes
from headstart.core.errors import HeadstartError, UsageError
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, new_network, suited
from headstart.tasks.detection import Detection
from headstart.tasks.finding.set_matching import Weights, paired
from learning_heads import assert_linear_in_weights, in_training, learnt, maps_of_noise
from set_detectors import SIDE, set_detector

FAMILIES = SOURCES.load("transformers_detectors")().families()
HYBRIDS = [family for family in FAMILIES if family != "yolos"]
NAMES = ["person", "bicycle", "traffic light"]
LABELS = ["person", "bicycle", "traffic_light"]
"""The third is the detector's in another writing."""

TARGETS = [
    Boxes((Box(8, 8, 60, 70, "person"), Box(50, 20, 90, 90, "traffic_light")), (SIDE, SIDE)),
    Boxes((Box(30, 40, 80, 95, "traffic_light"),), (SIDE, SIDE)),
]
ASKED = [
    {
        "class_labels": torch.tensor([LABELS.index(box.label) for box in target]),
        "boxes": box_convert(torch.tensor([box.corners for box in target]) / SIDE, "xyxy", "cxcywh"),
    }
    for target in TARGETS
]
"""The same as transformers takes it."""


def detecting(backbone: DetectorBackbone, labels: list[str] = LABELS) -> tuple[Detection, Network]:
    own = Detection(labels, [1] * len(labels), (SIDE, SIDE), 2).starting_from(backbone.detector)
    return own, new_network(suited(backbone, own), own).eval()


@pytest.fixture(scope="module", params=FAMILIES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, DetectorBackbone]:
    """A detector of each family, and the backbone that its folder gives; `pair` is a copy to change."""
    folder = tmp_path_factory.mktemp("made") / "detector"
    further = {} if request.param == "yolos" else {"num_denoising": 0}
    return set_detector(folder, request.param, NAMES, **further), load(folder)


def pixels() -> torch.Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_outputs_are_those_of_transformers(pair: tuple[Any, DetectorBackbone]) -> None:
    model, backbone = pair
    own, network = detecting(backbone)
    raw, said = network({"pixels": pixels()}), model(pixels())
    assert said.pred_boxes.std() > 0.01
    assert torch.allclose(raw[..., :4], said.pred_boxes, atol=1e-5)
    assert torch.allclose(raw[..., 5:8], said.logits[..., :3], atol=1e-4)
    if backbone.detector.first:
        assert torch.allclose(raw[..., 4], said.logits[..., 3], atol=1e-4)
    assert own.kept(raw).shape == (2, 100, 6)


@torch.no_grad()
def test_places_that_a_folder_fixes_are_those_of_its_pictures(tmp_path: Path) -> None:
    model = set_detector(tmp_path / "detector", "rt_detr", NAMES, anchor_image_size=[SIDE, SIDE])
    _, network = detecting(load(tmp_path / "detector"))
    assert torch.allclose(network({"pixels": pixels()})[..., :4], model(pixels()).pred_boxes, atol=1e-5)


def test_small_pictures_have_fewer_queries(tmp_path: Path) -> None:
    """144 + 36 + 9 places."""
    set_detector(tmp_path / "many", "rt_detr", num_queries=200)
    _, network = detecting(load(tmp_path / "many"))
    with torch.no_grad():
        assert network({"pixels": pixels()}).shape[1] == 189
    set_detector(tmp_path / "learnt", "rt_detr", num_queries=200, learn_initial_query=True)
    with pytest.raises(UsageError, match="200 queries need as many places; there are 189"):
        detecting(load(tmp_path / "learnt"))


@torch.no_grad()
def test_pictures_of_other_proportions_are_taken_as_transformers_takes_them(tmp_path: Path) -> None:
    model = set_detector(tmp_path / "detector", "yolos", NAMES)
    _, network = detecting(load(tmp_path / "detector"))
    wide = torch.randn(2, 3, 64, 160)
    assert torch.allclose(network({"pixels": wide})[..., :4], model(wide).pred_boxes, atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in FAMILIES if kind != "d_fine"])
def test_the_loss_is_that_of_transformers(kind: str, tmp_path: Path) -> None:
    model = set_detector(tmp_path / "detector", kind, NAMES, **({} if kind == "yolos" else {"num_denoising": 0}))
    own, network = detecting(load(tmp_path / "detector"))
    raw = in_training(network)({"pixels": pixels()})
    wanted = in_training(model)(pixels(), labels=ASKED).loss
    assert float(own.loss(raw, own.encode(TARGETS)).detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)


def test_the_loss_of_d_fine_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    """transformers pairs distributions with the boxes of the layer before theirs, and forgets the last layer's; its
    parts, layer by layer as the paper has them, are the reference."""
    from transformers.loss.loss_d_fine import DFineLoss

    model = set_detector(tmp_path / "detector", "d_fine", NAMES, num_denoising=0)
    own, network = detecting(load(tmp_path / "detector"))
    one = slice(0, 1)  # of one picture distillation is averaged alike
    raw = in_training(network)({"pixels": pixels()[one]})
    said = in_training(model).model(pixels()[one], labels=ASKED[one])
    loss, total = DFineLoss(model.config), 0.0
    boxes = said.intermediate_reference_points.clamp(0, 1).unbind(1)
    logits, edges = said.intermediate_logits.unbind(1), said.intermediate_predicted_corners.unbind(1)
    layers = [
        {"logits": logits[i + 1], "pred_boxes": boxes[i + 1], "pred_corners": each,
         "ref_points": said.initial_reference_points[:, i],
         "teacher_corners": edges[-1], "teacher_logits": logits[-1]}
        for i, each in enumerate(edges)
    ]  # fmt: skip
    guesses = [(logits[0], boxes[0]), (said.enc_topk_logits, said.enc_topk_bboxes.clamp(0, 1))]
    for layer in [*layers, *({"logits": each, "pred_boxes": box} for each, box in guesses)]:
        found = loss.matcher(layer, ASKED[one])
        for kind in ("vfl", "boxes", "local"):
            parts = loss.get_loss(kind, layer, ASKED[one], found, 2)
            total += sum(float(value.detach()) * loss.weight_dict[name] for name, value in parts.items())
    assert float(own.loss(raw, own.encode(TARGETS[one])).detach()) == pytest.approx(total, rel=1e-4)


@torch.no_grad()
def test_the_surest_box_is_what_a_query_claims(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    raw = network({"pixels": pixels()})
    found = own.kept(raw)[0, 0]
    score, label = float(found[4]), int(found[5])
    log_odds, claimed = own.claims(raw, label, found[:4].tolist(), {})
    query = int(claimed[0].argmax())
    assert float(claimed[0, query]) == pytest.approx(score, abs=1e-3), "its edges are the same, so its overlap is 1"
    assert float(log_odds[0, query].sigmoid()) == pytest.approx(score, abs=1e-3)


@torch.no_grad()
def test_no_box_goes_because_another_one_lies_there(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    raw = network({"pixels": pixels()[:1]})
    raw[..., :4] = torch.tensor([0.5, 0.5, 0.2, 0.2])
    sure = raw[..., 4:].softmax(2)[..., 1:] if pair[1].detector.first else raw[..., 5:].sigmoid()
    assert int((own.kept(raw)[0, :, 5] >= 0).sum()) == int((sure > 0.02).sum()) > raw.shape[1] / 2


def test_rows_of_known_classes_are_kept_and_others_begin_in_the_middle(tmp_path: Path) -> None:
    for kind, name in (("yolos", "classify.layers.2"), ("d_fine", "model.decoder.class_embed.1")):
        model = set_detector(tmp_path / kind, kind)
        backbone = load(tmp_path / kind)
        first = backbone.detector.first
        assert backbone.detector.columns[first:] == ("person", "bicycle", "", "traffic light")
        _, network = detecting(backbone, ["traffic_light", "thing"])
        last = model.class_labels_classifier.layers[-1] if first else model.model.decoder.class_embed[1]
        own, given = network.head.get_submodule(name).weight, last.weight
        assert torch.equal(own[first], given[3])
        assert torch.allclose(own[first + 1], given[[0, 1, 3]].mean(0), atol=1e-6)
        assert not first or torch.equal(own[0], given[4])  # no object


def test_a_head_learns_and_its_loss_is_linear(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    encoded = own.encode([*TARGETS, Boxes((), (SIDE, SIDE))])
    maps = maps_of_noise(network, pixels())
    assert_linear_in_weights(own, network.head.train()(maps), encoded)
    assert learnt(own, network.head.train(), maps, encoded, rate=3e-3, steps=100, until=0.7) < 0.7


def test_crowds_are_neither_right_nor_wrong(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    with torch.no_grad():
        raw = network({"pixels": pixels()[:1]})
    raw[..., :4] = torch.tensor([0.5, 0.5, 0.4, 0.4])
    raw[..., 5:] = torch.randn(raw[..., 5:].shape, generator=torch.Generator().manual_seed(2)) * 4
    raw[:, 0, :4] = 0.1  # one lies outside
    raw[:, 0, 4:] = raw[:, 1, 4:]
    nothing, crowd = Boxes((), (SIDE, SIDE)), Boxes((Box(24, 24, 96, 96, "person", crowd=True),), (SIDE, SIDE))
    spared, wrong = own.loss(raw, own.encode([crowd])), own.loss(raw, own.encode([nothing]))
    alone = own.loss(raw[:, :1], own.encode([nothing]))
    assert torch.allclose(spared, alone)
    if not pair[1].detector.first:  # a mean over predictions, else
        assert spared < wrong


def test_a_pairing_is_the_cheapest_in_all_even_of_broken_boxes() -> None:
    """By hand: alone the first query would take the first box, but together that is dearer."""
    kind = torch.tensor([[0.0, 1.0], [1.0, 9.0], [float("nan"), float("inf")]])
    boxes = torch.tensor([[0.5, 0.5, 0.2, 0.2]]).repeat(3, 1)
    found = paired(kind, boxes, torch.tensor([[0.4, 0.4, 0.6, 0.6]] * 2), Weights(1.0, 0.0, 0.0))
    assert found.rows.tolist() == [0, 1]
    assert found.boxes.tolist() == [1, 0]


def test_what_is_no_weight_is_not_trained(tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", "d_fine")
    _, network = detecting(load(tmp_path / "detector"))
    named = dict(network.head.named_parameters())
    assert not [name for name in named if name.endswith(("reg_scale", ".up"))]
    assert not [name for name in named if "denoising" in name]
    before = {name: value.clone() for name, value in network.head.named_buffers()}
    network.train()({"pixels": pixels()})
    assert before
    assert all(torch.equal(before[name], value) for name, value in network.head.named_buffers())


def test_attention_learns_slower_than_new_heads_do(pair: tuple[Any, DetectorBackbone]) -> None:
    _, network = detecting(pair[1])
    plan = FreezePlan(network, len(network.backbone.stages()))
    plan.apply()
    assert {group["lr"] for group in plan.optimizer_groups(Rates(0.0, 3e-3))} == {2e-4}
    assert {group["lr"] for group in plan.optimizer_groups(Rates(0.0, 1e-5))} == {1e-5}


def test_queries_without_a_place_are_no_part_of_an_explanation(pair: tuple[Any, DetectorBackbone]) -> None:
    _, network = detecting(pair[1])
    placeless = [each.name for each in network.head.maps if each.name not in network.maps_with_places]
    assert placeless == (["places.level_tokens"] if pair[1].detector.family == "yolos" else [])
    assert [each.stride for each in network.backbone.offered_maps()] == ([8, 16, 32] if not placeless else [16])


@pytest.mark.parametrize("kind", ["yolos", "rt_detr"])
def test_pixels_are_those_of_its_own_processor(kind: str, tmp_path: Path) -> None:
    import transformers

    set_detector(tmp_path / "detector", kind)
    backbone = load(tmp_path / "detector")
    picture = Image.effect_noise((SIDE, SIDE), 80).convert("RGB")
    make = transformers.YolosImageProcessor if kind == "yolos" else transformers.RTDetrImageProcessor
    settings = json.loads((tmp_path / "detector" / "preprocessor_config.json").read_text())
    wanted = make(**settings)(images=picture, return_tensors="pt")["pixel_values"][0]
    given = backbone.framed((SIDE, SIDE)).preprocess(picture)["pixels"]
    assert torch.allclose(given, wanted, atol=1e-5)
    assert backbone.detector.frame == (None if kind == "yolos" else (SIDE, SIDE))


def test_cards_say_what_a_folder_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from small_world import tiny_resnet

    set_detector(tmp_path / "detector", "rt_detr")
    (tmp_path / "detector" / "README.md").write_text("---\nlicense: apache-2.0\n---\n", encoding="utf-8")
    tiny_resnet(tmp_path / "resnet")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    card = next(each for each in all_cards() if each.name == "local/detector")
    assert card.boxes
    assert card.licence == "apache-2.0"
    assert card.pretraining == "rt_detr, boxes of 3 classes"
    assert default_card("image").name == "local/resnet"
    assert default_card("image", boxes=True).name == "local/detector"


def changed(folder: Path, name: str = "config.json", **values: Any) -> None:
    plain = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps({**plain, **values}), encoding="utf-8")


@pytest.mark.parametrize("kind", FAMILIES)
def test_weights_that_do_not_fit_are_named(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "detector"
    set_detector(folder, kind)
    changed(folder, **({"num_hidden_layers": 6} if kind == "yolos" else {"decoder_layers": 3}))
    with pytest.raises(
        HeadstartError, match=r"detector: the weights do not fit config.json: \d+ (missing|of another shape) \("
    ):
        load(folder)
    (folder / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(HeadstartError, match="detector: its weights could not be loaded"):
        load(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(HeadstartError, match=r"detector: model.safetensors is missing. .* other weight files"):
        load(folder)


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("yolos", {"num_attention_heads": 3}),
        ("yolos", {"image_size": 64}),
        ("rt_detr", {"encode_proj_layers": [7]}),
        ("d_fine", {"encoder_activation_function": "none such"}),
        ("rt_detr_v2", {"d_model": "wide"}),
        ("d_fine", {"id2label": ["person"]}),
    ],
)
def test_a_configuration_that_nothing_is_built_from_is_named(
    kind: str, broken: dict[str, Any], tmp_path: Path
) -> None:
    set_detector(tmp_path / "detector", kind)
    changed(tmp_path / "detector", **broken)
    with pytest.raises(
        HeadstartError, match=r"/detector: (no network can be built|config.json is none|its weights could not)"
    ):
        load(tmp_path / "detector")


@pytest.mark.parametrize("kind", HYBRIDS)
def test_a_backbone_that_would_be_fetched_is_refused(kind: str, tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", kind)
    changed(tmp_path / "detector", backbone="microsoft/resnet-50", backbone_config=None)
    with pytest.raises(HeadstartError, match="stands on the backbone 'microsoft/resnet-50'; those on rt_detr_resnet"):
        load(tmp_path / "detector")
    changed(tmp_path / "detector", backbone=None, backbone_config={"model_type": "swin"})
    with pytest.raises(HeadstartError, match="stands on the backbone 'swin'"):
        load(tmp_path / "detector")


def test_pictures_that_its_levels_do_not_divide_are_refused(tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", "rt_detr")
    changed(tmp_path / "detector", "preprocessor_config.json", size={"height": 100, "width": 96})
    with pytest.raises(HeadstartError, match=r"96 × 100 pixels; a detector of this kind takes multiples of 32"):
        load(tmp_path / "detector")


@pytest.mark.parametrize("broken", [{"size": "large"}, {"size": None}, {"rescale_factor": "x"}, {"resample": []}])
def test_a_processor_that_says_nothing_of_use_is_named(broken: dict[str, Any], tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", "d_fine")
    changed(tmp_path / "detector", "preprocessor_config.json", **broken)
    with pytest.raises(HeadstartError, match=r"/detector: nothing can be made of preprocessor_config.json: "):
        load(tmp_path / "detector")


def test_where_the_processor_is_silent_the_family_speaks(tmp_path: Path) -> None:
    for kind, mean, frame in (("rt_detr", 0.0, (640, 640)), ("yolos", 0.485, None)):
        set_detector(tmp_path / kind, kind)
        (tmp_path / kind / "preprocessor_config.json").unlink()
        backbone = load(tmp_path / kind)
        assert (backbone.preprocess.mean[0], backbone.detector.frame) == (mean, frame)
    changed(tmp_path / "rt_detr", architectures=None)
    assert load(tmp_path / "rt_detr").detector.family == "rt_detr"


def test_other_detectors_of_transformers_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "detr").mkdir()
    config = {"model_type": "detr", "architectures": ["DetrForObjectDetection"]}
    (tmp_path / "detr" / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        HeadstartError, match=r"a detector of transformers \(detr\), .*these are read: yolos, rt_detr"
    ):
        load(tmp_path / "detr")
