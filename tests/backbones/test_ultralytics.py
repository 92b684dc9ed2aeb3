"""ultralytics' YOLO: what the package computes is what is computed here, and folders are starts for fits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_convert

from headstart.backbones import SOURCES, load
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.backbones.folders.yolo_names import SCRIPT
from headstart.core import agpl_package
from headstart.core.agpl_package import TERMS, is_installed, part_of_ultralytics
from headstart.core.boxes import Box, Boxes
from headstart.core.errors import HeadstartError, UsageError
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, new_network, suited
from headstart.tasks.detection import Detection
from headstart.tasks.finding.yolo_loss import Read
from learning_heads import assert_linear_in_weights, in_training, learnt, maps_of_noise
from yolo_folders import NAMES, yolo_folder

pytestmark = pytest.mark.skipif(not is_installed(), reason="ultralytics is not installed (extra ultralytics)")

KINDS = SOURCES.load("ultralytics")().families()
SIDE = 96
LABELS = ["person", "bicycle", "traffic_light"]
TARGETS = [
    Boxes((Box(8, 8, 60, 70, "person"), Box(50, 20, 90, 90, "traffic_light")), (SIDE, SIDE)),
    Boxes((Box(30, 40, 80, 95, "traffic_light"),), (SIDE, SIDE)),
]


def asked(targets: list[Boxes] = TARGETS) -> dict[str, torch.Tensor]:
    """The same as the package takes a batch."""
    rows = [(float(place), box) for place, target in enumerate(targets) for box in target]
    corners = torch.tensor([box.corners for _, box in rows]) / SIDE
    kinds = torch.tensor([float(LABELS.index(box.label)) for _, box in rows])
    return {"batch_idx": torch.tensor([place for place, _ in rows]), "cls": kinds,
            "bboxes": box_convert(corners, "xyxy", "cxcywh")}  # fmt: skip


def detecting(backbone: DetectorBackbone, labels: list[str] = LABELS) -> tuple[Detection, Network]:
    own = Detection(labels, [1] * len(labels), (SIDE, SIDE), 2).starting_from(backbone.detector)
    return own, new_network(suited(backbone, own), own).eval()


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, DetectorBackbone]:
    """A network of each kind, and the backbone that its folder gives; `pair` is a copy to change."""
    folder = tmp_path_factory.mktemp("made") / "detector"
    return yolo_folder(folder, request.param), load(folder)


def is_paired(backbone: DetectorBackbone) -> bool:
    return bool(backbone.detector.settings["pairs"])


def pixels(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_outputs_are_those_of_the_package(pair: tuple[Any, DetectorBackbone]) -> None:
    model, backbone = pair
    own, network = detecting(backbone)
    raw = network({"pixels": pixels()})
    model.end2end = False  # all places, not the surest
    _, said = model(pixels())
    if is_paired(backbone):
        said = said["one2one"]
    decoded = model.model[-1]._inference(said)
    read = Read(raw, (SIDE, SIDE), backbone.detector.settings["bins"])
    assert decoded[:, :4].std() > 1
    assert decoded[:, 4:].std() > 0.01
    assert torch.allclose(read.edges(), box_convert(decoded[:, :4].transpose(1, 2), "cxcywh", "xyxy"), atol=1e-3)
    assert torch.allclose(read.logits.sigmoid(), decoded[:, 4:].transpose(1, 2), atol=1e-5)
    assert own.kept(raw).shape == (2, 100, 6)


@torch.no_grad()
def test_boxes_that_are_kept_are_those_that_the_package_keeps(pair: tuple[Any, DetectorBackbone]) -> None:
    """Of boxes that end where the picture does; here they are cut before those go that lie on surer ones."""
    model, backbone = pair
    own, network = detecting(backbone)
    found = own.kept(network({"pixels": pixels()}))[0]
    model.end2end = is_paired(backbone)
    wanted = model(pixels())[0][:1]
    if not model.end2end:
        cut = box_convert(wanted[:, :4].transpose(1, 2), "cxcywh", "xyxy").clamp(0, SIDE)
        cut = torch.cat([box_convert(cut, "xyxy", "cxcywh").transpose(1, 2), wanted[:, 4:]], dim=1)
        suppress = part_of_ultralytics("utils.nms").non_max_suppression
        wanted = suppress(cut, 0.02, 0.7, multi_label=True, max_det=300)
    edges = wanted[0][:, :4].clamp(0, SIDE)
    whole = ((edges[:, 2:] - edges[:, :2]) > 0).all(1)
    edges, scores, kinds = edges[whole][:20], wanted[0][whole, 4][:20], wanted[0][whole, 5][:20]
    assert len(scores) >= 10
    assert torch.allclose(found[: len(scores), 4], scores, atol=1e-4)
    assert torch.allclose(found[: len(scores), :4] * SIDE, edges, atol=1e-2)
    assert torch.equal(found[: len(scores), 5], kinds)


def test_the_loss_is_that_of_the_package(pair: tuple[Any, DetectorBackbone]) -> None:
    """Its own is multiplied by the number of pictures; of two branches it weighs one 0.8 at first, the other 0.2."""
    model, backbone = pair
    own, network = detecting(backbone)
    raw = in_training(network)({"pixels": pixels()})
    model.args = part_of_ultralytics("utils").DEFAULT_CFG
    criterion = model.init_criterion()
    if is_paired(backbone):
        criterion.o2m = criterion.o2o = 1.0
    wanted = criterion(in_training(model)(pixels()), asked())[0].sum() / len(TARGETS)
    assert float(own.loss(raw, own.encode(TARGETS)).detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)


def test_gradients_are_those_of_the_package(tmp_path: Path) -> None:
    model = yolo_folder(tmp_path / "detector", "yolo26n")
    own, network = detecting(load(tmp_path / "detector"))
    own.loss(in_training(network)({"pixels": pixels()}), own.encode(TARGETS)).backward()
    model.args = part_of_ultralytics("utils").DEFAULT_CFG
    criterion = model.init_criterion()
    criterion.o2m = criterion.o2o = 1.0
    (criterion(in_training(model)(pixels()), asked())[0].sum() / len(TARGETS)).backward()
    first, last = model.model[0].conv.weight.grad, model.model[-1].one2one_cv3[0][-1].weight.grad
    trunk = dict(network.backbone.named_parameters())["network.body.layers.0.conv.weight"].grad
    assert first.abs().max() > 0
    assert torch.allclose(trunk, first, atol=1e-4 * float(first.abs().max()))
    head = network.head.detect.one2one_cv3[0][-1].weight.grad
    assert torch.allclose(head, last, atol=1e-4 * float(last.abs().max()))


def test_what_was_built_before_does_not_matter(tmp_path: Path) -> None:
    """The package tells heads of older kinds by an attribute of their type, which each building sets for all."""
    yolo_folder(tmp_path / "new", "yolo11n")
    yolo_folder(tmp_path / "old", "yolov8n")
    new, old = load(tmp_path / "new"), load(tmp_path / "old")
    for backbone in (new, old, new):
        head = detecting(backbone)[1].head
        assert head.state_dict().keys() == backbone.detector.weights.keys()
    detect = part_of_ultralytics("nn.modules.head").Detect
    assert detect.legacy is True, "the last one built was of an older kind"


def test_rows_of_known_classes_are_kept_and_others_begin_in_the_middle(pair: tuple[Any, DetectorBackbone]) -> None:
    model, backbone = pair
    assert backbone.detector.columns == tuple(NAMES)
    _, network = detecting(backbone, ["traffic_light", "thing"])
    for branches in ("cv3", "one2one_cv3") if is_paired(backbone) else ("cv3",):
        for mine, given in zip(
            getattr(network.head.detect, branches), getattr(model.model[-1], branches), strict=True
        ):
            assert torch.equal(mine[-1].weight[0], given[-1].weight[2])
            assert torch.allclose(mine[-1].weight[1], given[-1].weight.mean(0), atol=1e-6)
            assert torch.allclose(mine[-1].bias[1], given[-1].bias.mean(), atol=1e-6)


def test_a_head_learns_and_its_loss_is_linear(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    encoded = own.encode([*TARGETS, Boxes((), (SIDE, SIDE))])
    maps = maps_of_noise(network, pixels())
    assert_linear_in_weights(own, network.head.train()(maps), encoded)
    assert learnt(own, network.head.train(), maps, encoded, rate=1e-3, steps=25, until=0.7) < 0.7


def test_pictures_of_nothing_and_soft_labels_have_a_loss(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    raw = network.train()({"pixels": pixels()})
    nothing = own.loss(raw, own.encode([Boxes((), (SIDE, SIDE))] * 2))
    assert float(nothing.detach()) > 0
    soft, hard = (own.loss(raw, own.encode(TARGETS), None, each).detach() for each in (0.1, 0.0))
    assert torch.isfinite(soft)
    assert soft != hard


def test_crowds_are_neither_right_nor_wrong(pair: tuple[Any, DetectorBackbone]) -> None:
    """A picture that is all crowd has no loss at all; one of nothing has one."""
    own, network = detecting(pair[1])
    raw = network.train()({"pixels": pixels(1)})
    crowd = Boxes((Box(0, 0, SIDE, SIDE, "person", crowd=True),), (SIDE, SIDE))
    assert float(own.loss(raw, own.encode([crowd])).detach()) == 0
    found = Boxes((*crowd, *TARGETS[0]), (SIDE, SIDE))
    inside, plain = own.loss(raw, own.encode([found])).detach(), own.loss(raw, own.encode(TARGETS[:1])).detach()
    assert 0 < float(inside) < float(plain)


@torch.no_grad()
def test_the_surest_box_is_what_a_place_claims(pair: tuple[Any, DetectorBackbone]) -> None:
    own, network = detecting(pair[1])
    raw = network({"pixels": pixels()})
    found = own.kept(raw)[0, 0]
    score, label = float(found[4]), int(found[5])
    log_odds, claimed = own.claims(raw, label, found[:4].tolist(), {})
    place = int(claimed[0].argmax())
    assert float(claimed[0, place]) == pytest.approx(score, abs=1e-3), "its edges are the same, so its overlap is 1"
    assert float(log_odds[0, place].sigmoid()) == pytest.approx(score, abs=1e-3)


def test_only_weights_are_trained_at_the_rate_that_the_package_has(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    _, network = detecting(load(tmp_path / "detector"))
    plan = FreezePlan(network, len(network.backbone.stages()))
    plan.apply()
    (rate,) = {group["lr"] for group in plan.optimizer_groups(Rates(0.0, 3e-3))}
    assert rate == pytest.approx(0.002 * 5 / (4 + 3))
    assert not [name for name, _ in network.head.named_parameters() if "dfl" in name]
    before = {name: value.clone() for name, value in network.head.named_buffers()}
    network.train()({"pixels": pixels()})
    assert all(torch.equal(before[name], value) for name, value in network.head.named_buffers())


def test_pixels_are_shares_of_white(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    backbone = load(tmp_path / "detector").framed((SIDE, SIDE))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
    wanted = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1) / 255
    assert torch.allclose(backbone.preprocess(picture)["pixels"], wanted, atol=1e-6)
    assert [each.stride for each in backbone.offered_maps()] == [8, 16, 32]


def test_a_definition_that_lies_in_the_working_folder_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    for name in ("yolo11n.yaml", "yolo11.yaml"):
        (tmp_path / name).write_text("nc: 80\nactivation: print('run')\nbackbone: []\nhead: []\n")
    monkeypatch.chdir(tmp_path)
    assert len(load(tmp_path / "detector").stages()) > 10


def test_a_network_that_this_version_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yolo_folder(tmp_path / "detector", "yolo26n")
    monkeypatch.setattr(part_of_ultralytics("utils"), "ROOT", tmp_path)
    with pytest.raises(HeadstartError, match=r"ultralytics [\d.]+ has no yolo26n; install a newer one"):
        load(tmp_path / "detector")


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n", ["a", "b"])
    text = (tmp_path / "detector" / "config.json").read_text()
    (tmp_path / "detector" / "config.json").write_text(text.replace("yolo11n", "yolov8n"))
    with pytest.raises(HeadstartError, match=r"detector: the weights do not fit .* \d+ missing \(model"):
        load(tmp_path / "detector")
    (tmp_path / "detector" / "config.json").write_text(text.replace('"b"', '"b", "c"'))
    with pytest.raises(HeadstartError, match=r"detector: .* of another shape \(model.23.cv3"):
        load(tmp_path / "detector")
    (tmp_path / "detector" / "model.safetensors").unlink()
    with pytest.raises(HeadstartError, match=r"detector: model.safetensors is missing"):
        load(tmp_path / "detector")


def test_a_head_of_another_kind_is_refused(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    detector = load(tmp_path / "detector").detector
    settings = {**detector.settings, "kind": "Segment"}
    odd = SimpleNamespace(**{**vars(detector), "settings": settings})
    from headstart.tasks.finding.yolo import _detect

    with pytest.raises(UsageError, match="Heads of the kind 'Segment' are not known; Detect, v10Detect are"):
        _detect(odd, 3)


def test_the_licence_is_said_when_one_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    agpl_package._open.cache_clear()
    capsys.readouterr()
    backbone = load(tmp_path / "detector")
    load(tmp_path / "detector")
    assert capsys.readouterr().err.count(TERMS) == 1
    assert backbone.card.licence == "agpl-3.0"


@pytest.mark.parametrize("kind", ["yolo11n", "yolo26n"])
def test_the_script_makes_a_folder_of_what_the_package_saved(kind: str, tmp_path: Path) -> None:
    """In a process of its own, as a person runs it."""
    save = f"from ultralytics import YOLO; YOLO('{kind}.yaml').save('{kind}.pt')"
    own = {**os.environ, "YOLO_CONFIG_DIR": str(tmp_path / "settings"), "YOLO_OFFLINE": "true"}
    for code in (save, SCRIPT.replace("NAME", kind)):
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=own, check=True, capture_output=True)
    backbone = load(tmp_path / kind)
    assert len(backbone.detector.columns) == 80
    assert backbone.card.pretraining == f"{kind}, boxes of 80 classes"
