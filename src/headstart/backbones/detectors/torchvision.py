"""Builds detectors by name, as published or as miniatures, fills them, and makes backbones of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

from headstart.backbones.base import Card
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.backbones.detectors.detectors import head_weights, normalisation, parts_of, trunk_of
from headstart.backbones.detectors.mobilenet_v1_ssd import MobileNetV1Ssd
from headstart.backbones.folders.detector_names import OWN, column_names
from headstart.backbones.folders.weights import load_whole
from headstart.backbones.images.maps import TRIED
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.torchvision_models import models
from headstart.core.detector import Detector
from headstart.core.errors import HeadstartError

MINIATURE, NORM_EPS = "miniature", "norm_eps"
"""Arguments that are not torchvision's: a small network of the same family, which tests need, and what normalisation
adds to variances."""

LEAVES = (Conv2dSame, FeaturePyramidNetwork)
"""What no cut goes through: a pyramid hands names of its levels from layer to layer, which a trace cannot follow."""

_WITHOUT_EPS = ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "retinanet_resnet50_fpn")
"""Architectures whose weights called COCO_V1 were trained without it."""

SIDE = 96
"""Pixels of the pictures that miniatures of one size take."""

_DEFAULT_SIDE = 320


_WITHOUT_WEIGHTS: dict[str, Any] = {"weights": None, "weights_backbone": None}


def build(architecture: str, columns: int, arguments: Mapping[str, Any], where: str = "") -> nn.Module:
    """The detector with random weights and this many `columns` in its class predictor.

    Parameters
    ----------
    arguments : what its maker takes, and ``norm_eps`` of the body's normalisation where it is not the maker's.
    where : they stand; leads the message of an error.

    Raises
    ------
    HeadstartError : it does not take these arguments.
    """
    given = {name: value for name, value in arguments.items() if name not in (MINIATURE, NORM_EPS)}
    make = MobileNetV1Ssd if architecture == OWN else partial(models.get_model, architecture, **_WITHOUT_WEIGHTS)
    try:
        model = _MINIATURES[architecture](columns) if MINIATURE in arguments else make(num_classes=columns, **given)
    except (TypeError, ValueError) as error:
        raise HeadstartError(f"{where or architecture}: model_args does not fit {architecture}: {error}") from error
    if NORM_EPS in arguments:
        for module in model.get_submodule("backbone").modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = float(arguments[NORM_EPS])
    return model


def published_arguments(architecture: str, tag: str | None) -> dict[str, Any]:
    """Arguments that fit the published weights called `tag`; None for others."""
    return {NORM_EPS: 0.0} if architecture in _WITHOUT_EPS and tag == "COCO_V1" else {}


def fill(model: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Put the weights of a whole detector into `model`, in the layout of any of torchvision's versions."""
    load_whole(model, state, where)


def wrap(
    model: nn.Module,
    card: Card,
    description: Mapping[str, Any],
    columns: int,
    names: Any = None,
    taught: bool = True,
) -> DetectorBackbone:
    """The trunk of `model` as a backbone.

    Parameters
    ----------
    columns : how many its class predictor has. names : what they stand for, where that is known.
    taught : whether its weights are worth anything.
    """
    parts = parts_of(model.eval())
    trunk = trunk_of(model, parts)
    maps = trunk.maps(list(parts.read), parts.frame or (TRIED[1], TRIED[0]))
    weights, known = head_weights(model, parts) if taught else None, column_names(columns, names)
    detector = Detector(parts.family, maps, parts.settings, known, parts.first, parts.frame, weights)
    size = (parts.frame or (_DEFAULT_SIDE, _DEFAULT_SIDE))[0]
    pixels = {"input_size": (3, size, size), "crop_pct": 1.0, "interpolation": "bilinear", **normalisation(model)}
    preprocess = ImagePreprocess.from_pretrained_cfg(pixels)
    return DetectorBackbone(trunk, card, preprocess, description, detector, leaves=LEAVES)


def _ssdlite(columns: int) -> nn.Module:
    ssdlite, norm = models.detection.ssdlite, partial(nn.BatchNorm2d, eps=1e-3, momentum=0.03)
    body = models.mobilenet_v3_large(weights=None, width_mult=0.25, norm_layer=norm, reduced_tail=True)
    places = [i for i, block in enumerate(body.features) if getattr(block, "_is_cn", False)]
    trunk = ssdlite.SSDLiteFeatureExtractorMobileNet(body.features, places[-1], norm, width_mult=0.25)
    channels = [given.shape[1] for given in trunk.eval()(torch.zeros(1, 3, SIDE, SIDE)).values()]
    boxes = models.detection.anchor_utils.DefaultBoxGenerator([[2, 3]] * 6, min_ratio=20, max_ratio=95)
    head = ssdlite.SSDLiteHead(channels, boxes.num_anchors_per_location(), columns, norm)
    half = [0.5] * 3
    return models.detection.ssd.SSD(trunk, boxes, (SIDE, SIDE), columns, half, half, head)


class _NarrowResNet(models.ResNet):
    """Layers of a quarter of the usual channels: 16 to 128."""

    def _make_layer(self, block: Any, planes: int, *given: Any, **named: Any) -> nn.Sequential:
        return super()._make_layer(block, planes // 4, *given, **named)


def _pyramid(columns: int, make: Callable[..., nn.Module], extra: Any) -> nn.Module:
    """A detector of `make` on a narrow ResNet whose pyramid has 64 channels."""
    utils = models.detection.backbone_utils
    returned = {"layer2": "0", "layer3": "1", "layer4": "2"}
    body = _NarrowResNet(models.resnet.BasicBlock, [1, 1, 1, 1])
    pyramid = utils.BackboneWithFPN(body, returned, [32, 64, 128], 64, extra_blocks=extra)
    return make(pyramid, columns)


def _with_last_levels(columns: int, make: Callable[..., nn.Module]) -> nn.Module:
    from torchvision.ops.feature_pyramid_network import LastLevelP6P7

    return _pyramid(columns, make, LastLevelP6P7(64, 64))


def _mask_rcnn(columns: int) -> nn.Module:
    from torchvision.models.detection import mask_rcnn
    from torchvision.ops import MultiScaleRoIAlign

    boxes: Any = _faster_rcnn(columns)
    return mask_rcnn.MaskRCNN(
        boxes.backbone,
        num_classes=None,
        rpn_anchor_generator=boxes.rpn.anchor_generator,
        rpn_head=boxes.rpn.head,
        box_roi_pool=boxes.roi_heads.box_roi_pool,
        box_head=boxes.roi_heads.box_head,
        box_predictor=boxes.roi_heads.box_predictor,
        mask_roi_pool=MultiScaleRoIAlign(["0", "1", "2"], 14, 2),
        mask_head=mask_rcnn.MaskRCNNHeads(64, (32, 32), 1),
        mask_predictor=mask_rcnn.MaskRCNNPredictor(32, 24, columns),
    )


def _faster_rcnn(columns: int, convolutions: int = 0) -> nn.Module:
    from torchvision.models.detection import faster_rcnn, rpn
    from torchvision.ops import MultiScaleRoIAlign

    anchors = rpn.AnchorGenerator(((16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 4)
    looking: nn.Module = faster_rcnn.TwoMLPHead(64 * 9, 32)
    if convolutions:
        looking = faster_rcnn.FastRCNNConvFCHead((64, 3, 3), [64] * convolutions, [32], nn.BatchNorm2d)
    make = partial(
        models.detection.FasterRCNN,
        num_classes=None,
        rpn_anchor_generator=anchors,
        rpn_head=rpn.RPNHead(64, 3, 1 + bool(convolutions)),
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2"], 3, 2),
        box_head=looking,
        box_predictor=faster_rcnn.FastRCNNPredictor(32, columns),
    )
    return _pyramid(columns, lambda pyramid, _: make(pyramid), None)


_MINIATURES: dict[str, Callable[[int], nn.Module]] = {
    OWN: partial(MobileNetV1Ssd, width=0.125, size=(SIDE, SIDE)),
    "ssdlite320_mobilenet_v3_large": _ssdlite,
    "retinanet_resnet50_fpn": partial(_with_last_levels, make=models.detection.RetinaNet),
    "fcos_resnet50_fpn": partial(_with_last_levels, make=models.detection.FCOS),
    "fasterrcnn_resnet50_fpn": _faster_rcnn,
    "maskrcnn_resnet50_fpn": _mask_rcnn,
    "fasterrcnn_resnet50_fpn_v2": partial(_faster_rcnn, convolutions=2),
}
