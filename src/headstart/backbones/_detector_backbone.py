"""The trunk of a pretrained detector as a backbone, which knows the head that it was pretrained with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timm.layers import Conv2dSame
from torch import nn

from headstart.backbones._detector_names import column_names
from headstart.backbones._detectors import Trunk, head_weights, parts_of, trunk_of
from headstart.backbones._image_backbone import FEWEST_MAPS, ImageBackbone
from headstart.backbones._image_maps import TRIED
from headstart.backbones._image_preprocess import ImagePreprocess
from headstart.backbones.base import Card, Map, no_maps
from headstart.core.detector import Detector
from headstart.core.errors import UsageError


class DetectorBackbone(ImageBackbone):
    """``network`` is the trunk of a detector, with its pyramid and its towers; its predictors stay apart.

    Parameters
    ----------
    model : the detector, with its weights where it has learnt.
    columns : how many its class predictor has.
    names : what they stand for, where that is known.
    taught : whether its weights are worth anything.
    """

    network: Trunk

    def __init__(
        self,
        model: nn.Module,
        card: Card,
        preprocess: ImagePreprocess,
        description: Mapping[str, Any],
        columns: int,
        names: Any = None,
        taught: bool = True,
    ) -> None:
        parts = parts_of(model.eval())
        trunk = trunk_of(model, parts)
        maps = trunk.maps(list(parts.read), parts.frame or (TRIED[1], TRIED[0]))
        super().__init__(trunk, card, preprocess, description, leaves=(Conv2dSame,))
        weights = head_weights(model, parts) if taught else None
        known = column_names(columns, names)
        self.detector = Detector(parts.family, maps, parts.settings, known, parts.first, parts.frame, weights)

    def offered_maps(self) -> list[Map]:
        if len(found := self.network.offered()) < FEWEST_MAPS:
            raise UsageError(no_maps(self))
        return found
