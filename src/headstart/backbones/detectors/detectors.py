"""Takes torchvision's detectors apart: the trunk that gives maps, and what is to be known of the head on them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.detectors.mobilenet_v1_ssd import MEAN, STD, MobileNetV1Ssd
from headstart.backbones.images.maps import TRIED, read_maps, stride_of
from headstart.backbones.images.torchvision_models import models
from headstart.core.detector import OF_MASKS
from headstart.core.maps import Map

LEVEL = "level"
"""The kind of map that every detector gives: what its pyramid, or its body, hands to the head."""


class Trunk(nn.Module):
    """(N, 3, H, W) → the pooled maps side by side (N, D); each map is what one of the `places` gives.

    Parameters
    ----------
    body : gives the levels by name.
    towers : layers that each work on every level, by the kind of map that they give.
    keys : names of the levels, from fine to coarse.
    placeless : those of them that hold vectors (N, C, 1, K) about the whole picture.
    """

    def __init__(
        self, body: nn.Module, towers: Mapping[str, nn.Module], keys: list[str], placeless: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self.body, self.keys = body, keys
        self.without_places = {f"places.{kind}_{key}" for kind in (LEVEL, *towers) for key in placeless}
        self.towers = nn.ModuleDict({LEVEL: nn.Identity(), **towers})
        self.places = nn.ModuleDict({f"{kind}_{key}": nn.Identity() for kind in self.towers for key in keys})

    def forward(self, pixels: Tensor) -> Tensor:
        levels = self.body(pixels)
        pooled = []
        for kind, tower in self.towers.items():
            for key in self.keys:
                pooled.append(self.places[f"{kind}_{key}"](tower(levels[key])).mean((2, 3)))
        return torch.cat(pooled, dim=1)

    def names(self, kind: str) -> list[str]:
        """Of the modules that give the maps of a kind, from fine to coarse."""
        return [f"places.{kind}_{key}" for key in self.keys]

    def maps(self, kinds: list[str], size: tuple[int, int]) -> tuple[Map, ...]:
        """Those of `kinds`, with the strides that they have in pictures of `size` (width, height)."""
        names = [name for kind in kinds for name in self.names(kind)]
        with torch.no_grad():
            found = read_maps(self, torch.zeros(1, 3, size[1], size[0]), names)
        strides = {name: round(size[1] / one.shape[2]) for name, one in found.items()} | dict.fromkeys(
            self.without_places, 0
        )
        return tuple(Map(name, one.shape[1], strides[name]) for name, one in found.items())

    def offered(self) -> list[Map]:
        """Its levels whose strides are powers of two; none where it takes one size of picture alone."""
        try:
            with torch.no_grad():
                found = read_maps(self, torch.zeros(1, 3, *TRIED), self.names(LEVEL))
        except (RuntimeError, ValueError):
            return []
        strides = {name: stride_of(tuple(one.shape)) for name, one in found.items()}
        return [Map(name, found[name].shape[1], stride) for name, stride in strides.items() if stride]


class Pyramid(nn.Module):
    """torchvision's body under a feature pyramid, with its layers as a row, which stages can be made of."""

    def __init__(self, body: models.detection.backbone_utils.BackboneWithFPN) -> None:
        super().__init__()
        self.layers, self.returned = nn.ModuleDict(body.body.items()), dict(body.body.return_layers)
        self.pyramid = body.fpn

    def forward(self, pixels: Tensor) -> Any:
        """Levels by name."""
        found = OrderedDict()
        for name, layer in self.layers.items():
            pixels = layer(pixels)
            if name in self.returned:
                found[self.returned[name]] = pixels
        return self.pyramid(found)


@dataclass(frozen=True)
class Parts:
    """What a family is made of.

    Attributes
    ----------
    towers : layers between levels and predictors, by the kind of map that they give.
    read : kinds of maps that the head reads.
    named : what the predictors are called in a head of the family here, by their paths in the model.
    first : columns of the class predictor that come before those of classes.
    frame : (width, height) in pixels of the pictures it takes; None for any.
    """

    family: str
    settings: Mapping[str, Any]
    towers: Mapping[str, nn.Module] = field(default_factory=dict)
    read: tuple[str, ...] = (LEVEL,)
    named: Mapping[str, str] = field(default_factory=dict)
    first: int = 0
    frame: tuple[int, int] | None = None


_BY_MAP = {"head.classification_head.module_list": "classify", "head.regression_head.module_list": "regress"}
_LAST = {"head.classification_head.cls_logits": "classify", "head.regression_head.bbox_reg": "regress"}
_CENTRE = {"head.regression_head.bbox_ctrness": "centre"}
_CLASSIFY, _REGRESS, _PROPOSE = "classify", "regress", "propose"
"""Kinds of maps besides the levels."""


def _towers(model: Any) -> dict[str, nn.Module]:
    return {_CLASSIFY: model.head.classification_head.conv, _REGRESS: model.head.regression_head.conv}


def _ssd(model: models.detection.ssd.SSD) -> Parts:
    predictor = model.head.classification_head.module_list[0]
    lite = isinstance(predictor, nn.Sequential)
    settings = {
        "pairs": _pairs(model.anchor_generator),
        "steps": model.anchor_generator.steps,
        "kernel": (predictor[0][0] if lite else predictor).kernel_size[0],
        "norm_eps": predictor[0][1].eps if lite else None,
    }
    width, height = model.transform.fixed_size
    return Parts("ssd", settings, named=_BY_MAP, first=1, frame=(width, height))


def _pairs(generator: Any) -> list[list[list[float]]]:
    """(width, height) of the default boxes of each map, as shares of the picture."""
    pairs = [given.clamp(0, 1) if generator.clip else given for given in generator._wh_pairs]
    return [given.tolist() for given in pairs]


def _own_ssd(model: MobileNetV1Ssd) -> Parts:
    pairs = [[list(pair) for pair in pairs] for pairs in model.pairs]
    settings = {"pairs": pairs, "steps": None, "kernel": 1, "norm_eps": None}
    return Parts("ssd", settings, named=_BY_MAP, first=1, frame=(model.size[0], model.size[1]))


def _retinanet(model: models.detection.RetinaNet) -> Parts:
    made = model.anchor_generator
    settings = {"sizes": [list(each) for each in made.sizes], "ratios": [list(each) for each in made.aspect_ratios]}
    return Parts("retinanet", settings, _towers(model), (_CLASSIFY, _REGRESS), _LAST)


def _fcos(model: models.detection.FCOS) -> Parts:
    settings = {"sizes": [each[0] for each in model.anchor_generator.sizes]}
    return Parts("fcos", settings, _towers(model), (_CLASSIFY, _REGRESS), {**_LAST, **_CENTRE})


class Proposing(nn.Module):
    """A level (N, C, h, w) → (N, 5 · a, h, w): whether each of a anchors holds something, and the steps to it."""

    def __init__(self, first_stage: models.detection.rpn.RPNHead) -> None:
        super().__init__()
        self.shared, self.likely, self.steps = first_stage.conv, first_stage.cls_logits, first_stage.bbox_pred

    def forward(self, level: Tensor) -> Tensor:
        """The log odds of all anchors, then their steps."""
        seen = self.shared(level)
        return torch.cat([self.likely(seen), self.steps(seen)], dim=1)


_LOOKING = {
    "roi_heads.box_head": "look",
    "roi_heads.box_predictor.cls_score": "classify",
    "roi_heads.box_predictor.bbox_pred": "regress",
}


def _faster_rcnn(model: models.detection.FasterRCNN) -> Parts:
    made, pool, looking = model.rpn.anchor_generator, model.roi_heads.box_roi_pool, model.roi_heads.box_head
    settings = {
        "sizes": [list(each) for each in made.sizes],
        "ratios": [list(each) for each in made.aspect_ratios],
        "levels": list(pool.featmap_names),
        "pooled": pool.output_size[0],
        "samples": pool.sampling_ratio,
        "convolutions": sum(isinstance(module, nn.Conv2d) for module in looking.modules()),
        "hidden": model.roi_heads.box_predictor.cls_score.in_features,
    }
    proposing = {_PROPOSE: Proposing(model.rpn.head)}
    return Parts("faster_rcnn", settings, proposing, (LEVEL, _PROPOSE), _LOOKING, first=1)


_MASKING = {
    "roi_heads.mask_head": "masks.look",
    "roi_heads.mask_predictor.conv5_mask": "masks.finer",
    "roi_heads.mask_predictor.mask_fcn_logits": "masks.predict",
}


def _mask_rcnn(model: models.detection.MaskRCNN) -> Parts:
    """A Faster R-CNN with layers that give each box a mask."""
    boxes, pool = _faster_rcnn(model), model.roi_heads.mask_roi_pool
    looking = [module for module in model.roi_heads.mask_head.modules() if isinstance(module, nn.Conv2d)]
    masks = {
        "levels": list(pool.featmap_names),
        "pooled": pool.output_size[0],
        "samples": pool.sampling_ratio,
        "channels": [module.out_channels for module in looking],
        "normalised": any(isinstance(module, nn.BatchNorm2d) for module in model.roi_heads.mask_head.modules()),
        "finer": model.roi_heads.mask_predictor.conv5_mask.out_channels,
    }
    return replace(boxes, settings={**boxes.settings, OF_MASKS: masks}, named={**boxes.named, **_MASKING})


_FAMILIES: Mapping[type[nn.Module], Callable[[Any], Parts]] = {
    models.detection.ssd.SSD: _ssd,
    MobileNetV1Ssd: _own_ssd,
    models.detection.RetinaNet: _retinanet,
    models.detection.FCOS: _fcos,
    models.detection.MaskRCNN: _mask_rcnn,  # before what it is a kind of
    models.detection.FasterRCNN: _faster_rcnn,
}


def parts_of(model: nn.Module) -> Parts:
    """What `model` is made of."""
    return next(read(model) for kind, read in _FAMILIES.items() if isinstance(model, kind))


def trunk_of(model: nn.Module, parts: Parts) -> Trunk:
    """The trunk of `model`, which shares its weights, and the towers on it."""
    body = model.get_submodule("backbone")
    if isinstance(body, models.detection.backbone_utils.BackboneWithFPN):
        body = Pyramid(body)
    size = parts.frame or TRIED[::-1]
    with torch.no_grad():
        keys = list(body.eval()(torch.zeros(1, 3, size[1], size[0])))
    return Trunk(body, parts.towers, keys)


def head_weights(model: nn.Module, parts: Parts) -> dict[str, Tensor]:
    """The weights of the predictors of `model`, as a head of the family here calls them."""
    return {
        f"{own}.{name}": value
        for path, own in parts.named.items()
        for name, value in model.get_submodule(path).state_dict().items()
    }


def normalisation(model: nn.Module) -> dict[str, tuple[float, ...]]:
    """``mean`` and ``std`` of the pixels that it takes, which torchvision's detectors subtract themselves."""
    if isinstance(model, MobileNetV1Ssd):
        return {"mean": MEAN, "std": STD}
    transform: Any = model.transform
    return {"mean": tuple(transform.image_mean), "std": tuple(transform.image_std)}
