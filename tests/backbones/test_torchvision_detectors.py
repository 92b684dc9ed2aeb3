"""Pretrained detectors: what torchvision computes is what is computed here, and their folders are starts for fits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models.detection.image_list import ImageList

from headstart.backbones import SOURCES, all_cards, default_card, load
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.backbones.detectors.detectors import normalisation, parts_of
from headstart.backbones.detectors.mobilenet_v1_ssd import MobileNetV1Ssd
from headstart.backbones.detectors.torchvision import build
from headstart.backbones.folders.detector_names import COCO, DETECTORS, LISTED, OWN, column_names
from headstart.core.boxes import Box, Boxes
from headstart.core.errors import HeadstartError, UsageError
from headstart.delivery.inference import WholeNetwork
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import agreement
from headstart.model.network import Network, new_network, suited
from headstart.tasks.detection import Detection
from learning_heads import assert_linear_in_weights, learnt, maps_of_noise
from small_detectors import saved

CPU = torch.device("cpu")
FAMILIES = SOURCES.load("torchvision_detectors")().families()
LABELS = ["person", "thing", "traffic_light"]
"""The second is not COCO's; the third is, in another writing."""

TARGETS = [
    Boxes((Box(8, 8, 60, 70, "person"), Box(50, 20, 90, 90, "thing")), (96, 96)),
    Boxes((Box(30, 40, 80, 95, "traffic_light"),), (96, 96)),
]


def detecting(backbone: DetectorBackbone, labels: list[str] = LABELS) -> tuple[Detection, Network]:
    own = Detection(labels, [1] * len(labels), (96, 96), 2).starting_from(backbone.detector)
    return own, new_network(suited(backbone, own), own).eval()


Pair = tuple[nn.Module, DetectorBackbone]


@pytest.fixture(scope="module", params=FAMILIES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A detector of each family, and the backbone that its folder gives; `pair` is a copy to change."""
    folder = tmp_path_factory.mktemp("made") / "detector"
    return saved(request.param, folder), load(folder)


def pixels() -> torch.Tensor:
    return torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))


def of_torchvision(model: nn.Module, given: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """What its head says of normalised pictures, and the edges of its anchors."""
    levels = list(model.backbone(given).values())
    anchors = model.anchor_generator(ImageList(given, [(96, 96)] * len(given)), levels)[0]
    return model.head(levels), anchors


def in_rows(layers: nn.ModuleList, levels: list[torch.Tensor], columns: int) -> torch.Tensor:
    """What layers say of their levels, each (N, B · columns, H, W) for B boxes a place, as (N, boxes, columns)."""
    said = [layer(level).unflatten(1, (-1, columns)) for layer, level in zip(layers, levels, strict=True)]
    return torch.cat([each.permute(0, 3, 4, 1, 2).flatten(1, 3) for each in said], dim=1)


@torch.no_grad()
def test_outputs_are_those_of_torchvision(pair: Pair) -> None:
    model, backbone = pair
    own, network = detecting(backbone)
    raw = network({"pixels": pixels()})
    if parts_of(model).family == "fcos":
        said, anchors = of_torchvision(model, pixels())
        assert torch.allclose(raw[..., :3][..., [0, 2]], said["cls_logits"][..., [1, 10]], atol=1e-5)
        assert torch.allclose(raw[..., 3:7], said["bbox_regression"], atol=1e-5)
        assert torch.allclose(raw[..., 7:8], said["bbox_ctrness"], atol=1e-5)
        assert torch.allclose(raw[0, :, 8:10] * 96, (anchors[:, :2] + anchors[:, 2:]) / 2)
        assert torch.equal(raw[0, :, 10], anchors[:, 2] - anchors[:, 0])
    elif isinstance(model, MobileNetV1Ssd):
        levels, head = list(model.backbone(pixels()).values()), model.head
        kinds = in_rows(head.classification_head.module_list, levels, 91)
        steps = in_rows(head.regression_head.module_list, levels, 4)
        assert torch.allclose(raw[..., [0, 1, 3]], kinds[..., [0, 1, 10]], atol=1e-5)
        assert torch.allclose(raw[..., -8:-4], steps, atol=1e-5)
    elif hasattr(model, "anchor_generator"):
        said, anchors = of_torchvision(model, pixels())
        first = backbone.detector.first
        known = [*range(first), first, first + 2]
        assert torch.allclose(raw[..., known], said["cls_logits"][..., [*range(first), 1, 10]], atol=1e-5)
        assert torch.allclose(raw[..., -8:-4], said["bbox_regression"], atol=1e-5)
        assert torch.allclose(raw[0, :, -4:] * 96, anchors, atol=1e-4)
    else:
        assert hasattr(model, "roi_heads"), "two stages have a test of their own"
    assert raw.shape[0] == 2
    assert own.kept(raw).shape == (2, 100, 6)


@torch.no_grad()
def test_a_graph_of_it_takes_batches_of_any_size(made: Pair) -> None:
    """Of heads of one stage; of two, boxes are counted picture by picture, which a trace takes for constants."""
    if hasattr(made[0], "roi_heads"):
        pytest.skip("it has two stages")
    engine = ENGINES.load("onnx_runtime")()
    if not engine.available(CPU):
        pytest.skip("onnxruntime is not installed")
    whole = WholeNetwork(detecting(made[1])[1])
    engine.prepare(whole, {"pixels": pixels()}, CPU)
    for given in (pixels(), pixels()[:1], torch.cat([pixels(), pixels()])):
        expected = whole({"pixels": given})
        assert agreement(expected, engine.run({"pixels": given})).within(engine.tolerance)


@torch.no_grad()
def test_the_surest_box_is_what_a_place_claims(pair: Pair) -> None:
    own, network = detecting(pair[1])
    for name, parameter in network.head.named_parameters():
        if "classify" in name and name.endswith("bias"):
            parameter += 4  # a miniature is sure of nothing
    raw = network({"pixels": pixels()})
    found = own.kept(raw)[0, 0]
    score, label = float(found[4]), int(found[5])
    log_odds, claimed = own.claims(raw, label, found[:4].tolist(), {})
    place = int(claimed[0].argmax())
    if parts_of(pair[0]).family == "ssd":  # others that say the same have moved its edges
        assert 0.6 * score < float(claimed[0, place]) <= score
    else:
        assert float(claimed[0, place]) == pytest.approx(score, abs=1e-3), "its edges are the same: they overlap by 1"
    assert log_odds.shape == claimed.shape
    if parts_of(pair[0]).family != "fcos":  # whose scores hold how central a place is, too
        assert float(log_odds[0, place].sigmoid()) == pytest.approx(score, abs=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn"])
def test_two_stages_give_what_torchvision_gives(name: str, tmp_path: Path) -> None:
    model = saved(name, tmp_path / "detector")
    model.rpn._pre_nms_top_n, model.rpn._post_nms_top_n = {"testing": 300}, {"testing": 100}
    _, network = detecting(load(tmp_path / "detector"))
    raw = network({"pixels": pixels()})
    levels = model.backbone(pixels())
    proposed, _ = model.rpn(ImageList(pixels(), [(96, 96)] * 2), levels)
    heads = model.roi_heads
    logits, steps = heads.box_predictor(heads.box_head(heads.box_roi_pool(levels, proposed, [(96, 96)] * 2)))
    there = raw[raw[..., -1] == 0]
    assert len(there) == sum(map(len, proposed)) > 20
    assert torch.allclose(there[:, -5:-1] * 96, torch.cat(proposed), atol=1e-3)
    assert torch.allclose(there[:, [0, 1, 3]], logits[:, [0, 1, 10]], atol=1e-5)
    moved = there[:, 4:20].reshape(-1, 4, 4)
    assert torch.allclose(moved[:, [0, 1, 3]], steps.reshape(-1, 91, 4)[:, [0, 1, 10]], atol=1e-5)


def test_the_first_stage_learns_where_the_trunk_does(tmp_path: Path) -> None:
    saved("fasterrcnn_resnet50_fpn", tmp_path / "detector")
    own, network = detecting(load(tmp_path / "detector"))
    network.train()
    raw = network({"pixels": pixels()})
    assert raw.shape[1] > 100
    own.loss(raw, own.encode(TARGETS)).backward()
    proposing = network.backbone.network.towers["propose"]
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in proposing.parameters())


@torch.no_grad()
@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3_large", "retinanet_resnet50_fpn"])
def test_the_loss_is_that_of_torchvision(name: str, tmp_path: Path) -> None:
    model = saved(name, tmp_path / "detector")
    own, network = detecting(load(tmp_path / "detector"))
    raw, encoded = network({"pixels": pixels()}), own.encode(TARGETS)
    _, anchors = of_torchvision(model, pixels())
    first = own.detector.first
    boxes = [
        {"boxes": torch.tensor([box.corners for box in target]),
         "labels": torch.tensor([LABELS.index(box.label) + first for box in target])}
        for target in TARGETS
    ]  # fmt: skip
    said = {"cls_logits": raw[..., :-8], "bbox_regression": raw[..., -8:-4]}
    matched = [model.proposal_matcher(models.detection.ssd.box_ops.box_iou(one["boxes"], anchors)) for one in boxes]
    losses = getattr(model, "head" if first == 0 else "backbone", model)
    compute = losses.compute_loss if first == 0 else model.compute_loss
    wanted = sum(compute(boxes, said, [anchors] * 2, matched).values())
    assert float(own.loss(raw, encoded)) == pytest.approx(float(wanted), rel=1e-4)


def test_rows_of_known_classes_are_kept_and_others_begin_in_the_middle(tmp_path: Path) -> None:
    model = saved(OWN, tmp_path / "detector")
    _, network = detecting(load(tmp_path / "detector"))
    given = model.head.classification_head.module_list[0].weight.reshape(3, 91, -1)
    own = network.head.classify[0].weight.reshape(3, 4, -1)
    classes = [place for place, name in enumerate(["", *COCO]) if name]
    assert torch.equal(own[:, 0], given[:, 0])  # the background
    assert torch.equal(own[:, [1, 3]], given[:, [1, 10]])
    assert torch.allclose(own[:, 2], given[:, classes].mean(dim=1))
    assert torch.equal(network.head.regress[0].weight, model.head.regression_head.module_list[0].weight)


def test_a_head_learns_and_its_loss_is_linear(pair: Pair) -> None:
    own, network = detecting(pair[1])
    encoded = own.encode([*TARGETS, Boxes((), (96, 96))])
    maps = maps_of_noise(network, pixels())
    assert_linear_in_weights(own, network.head(maps), encoded)
    assert learnt(own, network.head.train(), maps, encoded, rate=3e-3, steps=60, until=0.5) < 0.5


def test_normalisation_in_a_head_stands_still(tmp_path: Path) -> None:
    saved("ssdlite320_mobilenet_v3_large", tmp_path / "detector")
    _, network = detecting(load(tmp_path / "detector"))
    before = {name: value.clone() for name, value in network.head.named_buffers()}
    network.train()
    network({"pixels": pixels()})
    assert before
    assert all(torch.equal(before[name], value) for name, value in network.head.named_buffers())


def test_crowds_are_neither_right_nor_wrong(pair: Pair) -> None:
    own, network = detecting(pair[1])
    with torch.no_grad():
        raw = network({"pixels": pixels()[:1]})
    classes = slice(0, own.detector.first + len(LABELS))
    raw[..., classes] = torch.randn(raw[..., classes].shape, generator=torch.Generator().manual_seed(2)) * 4
    nothing, crowd = Boxes((), (96, 96)), Boxes((Box(0, 0, 96, 96, "person", crowd=True),), (96, 96))
    assert own.loss(raw, own.encode([crowd])) < own.loss(raw, own.encode([nothing]))


def test_what_is_written_down_agrees_with_torchvision() -> None:
    known = models.list_models(module=models.detection)
    assert set(DETECTORS) - {OWN} <= set(known)
    for name, parameters, box_map in LISTED:
        published = [weights.meta for weights in models.get_model_weights(name)]
        assert (parameters, box_map) in [
            (meta["num_params"], meta["_metrics"]["COCO-val2017"]["box_map"]) for meta in published
        ]
        given = ["" if each in ("__background__", "N/A") else each for each in published[-1]["categories"]]
        assert column_names(91) == tuple(given)


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3_large", "fcos_resnet50_fpn"])
def test_a_published_detector_is_built_by_name(name: str) -> None:
    backbone = SOURCES.load("torchvision_detectors")().load(name, pretrained=False)
    with torch.device("meta"):  # its settings are compared, no weights
        detector = models.get_model(name, weights=None, weights_backbone=None)
    assert backbone.preprocess.mean == tuple(detector.transform.image_mean)
    assert normalisation(detector)["std"] == backbone.preprocess.std
    assert backbone.detector.weights is None
    with pytest.raises(UsageError, match="There are: "):
        SOURCES.load("torchvision_detectors")().load("yolo", pretrained=False)


def test_a_folder_of_weights_alone_is_known_by_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    for name, state in {
        "ssd": build(OWN, 91, {"width": 0.25}).state_dict(),
        "other": {"weight": torch.zeros(2)},
    }.items():
        (tmp_path / name).mkdir()
        save_file(state, tmp_path / name / "model.safetensors")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    listed = {card.name: card for card in all_cards() if card.name.startswith("local/")}
    assert list(listed) == ["local/ssd"]
    assert listed["local/ssd"].boxes
    assert "boxes of 90" in listed["local/ssd"].pretraining
    backbone = load("ssd")
    assert backbone.describe()["arguments"] == {"width": 0.25}
    assert "person" in backbone.detector.columns


def test_a_detector_is_the_default_for_boxes_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from small_world import tiny_resnet

    saved(OWN, tmp_path / "detector")
    tiny_resnet(tmp_path / "resnet")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    assert default_card("image").name == "local/resnet"
    assert default_card("image", boxes=True).name == "local/detector"
    monkeypatch.setenv("HEADSTART_MODELS", "")
    assert not default_card("image", boxes=True).boxes  # none is fetched unasked


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    saved(OWN, tmp_path / "short", num_classes=5)
    with pytest.raises(HeadstartError, match=r"short: the weights do not fit .* of another shape \(head"):
        load(tmp_path / "short")
    saved(OWN, tmp_path / "strange", model_args={"depth": 3})
    with pytest.raises(HeadstartError, match=r"strange: model_args does not fit ssd300_mobilenet_v1: .*depth"):
        load(tmp_path / "strange")


def test_a_folder_may_name_its_own_classes(tmp_path: Path) -> None:
    saved(OWN, tmp_path / "detector", columns=3, labels=["bolt", "nut"])
    assert load(tmp_path / "detector").detector.columns == ("", "bolt", "nut")


def test_the_real_detector_finds_what_it_was_taught(shared: Path) -> None:
    """Raccoons are none of COCO's classes; whatever it takes them for, it sees where they are."""
    from PIL import Image

    folder = shared / "backbones" / "ssd300_mobilenetv1_075_coco"
    pictures = sorted((shared / "data" / "raccoon").rglob("*.jpg"))[:12]
    if not folder.is_dir() or not pictures:
        pytest.skip("the detector or the pictures are not beside this checkout")
    labels = [name for name in COCO if name]
    own = Detection(labels, [1] * len(labels), (320, 320), 1)
    backbone = load(folder)
    own = own.starting_from(backbone.detector)
    network = new_network(suited(backbone, own), own).eval()
    assert own.frame == (300, 300)
    with torch.no_grad():
        batch = torch.stack([backbone.preprocess(Image.open(one).convert("RGB"))["pixels"] for one in pictures])
        found = own.kept(network({"pixels": batch}))
    animals = {"bird", "cat", "dog", "sheep", "bear", "cow", "elephant", "zebra", "giraffe", "horse", "teddy bear"}
    surest = [labels[int(rows[0, 5])] for rows in found if rows[0, 4] > 0.3]
    assert len(surest) >= 6
    assert sum(label in animals for label in surest) > 0.7 * len(surest)


def test_published_weights_are_read_in_their_first_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RetinaNet's are older than the normalisation in its head, and were trained on variances as they are."""
    torch.manual_seed(0)
    model = models.get_model("retinanet_resnet50_fpn", weights=None, weights_backbone=None)
    state = {
        re.sub(r"head\.conv\.(\d)\.0", lambda found: f"head.conv.{2 * int(found[1])}", name)
        if "head" in name
        else re.sub(r"(fpn\..*_blocks\.\d)\.0", r"\1", name): value
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert "head.classification_head.conv.6.weight" in state
    assert "backbone.fpn.inner_blocks.0.weight" in state
    monkeypatch.setattr("headstart.backbones.torchvision_detectors.download", lambda url, name: state)
    backbone = load("torchvision_detectors/retinanet_resnet50_fpn.COCO_V1")
    assert torch.equal(
        backbone.network.towers["classify"][3][0].weight, model.head.classification_head.conv[3][0].weight
    )
    assert torch.equal(backbone.detector.weights["classify.weight"], model.head.classification_head.cls_logits.weight)
    assert backbone.describe()["arguments"] == {"norm_eps": 0.0}
    assert {module.eps for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)} == {0.0}
    save_file(state, tmp_path / "model.safetensors")
    config = {"library": "torchvision", "architecture": "retinanet_resnet50_fpn", "weights": "COCO_V1"}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    given = {"pixels": torch.rand(1, 3, 64, 64)}
    with torch.no_grad():
        features = backbone.features(given)
        assert features.isfinite().all()
        assert torch.equal(load(tmp_path).features(given), features), "a folder of them is the same detector"
