"""The trunk of a pretrained detector as a backbone, which knows the head that it was pretrained with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from headstart.backbones.base import Card, Map, no_maps
from headstart.backbones.detectors.detectors import Trunk
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.detector import Detector
from headstart.core.errors import UsageError


class DetectorBackbone(ImageBackbone):
    """``network`` is the trunk of a detector, with its pyramid and its towers; its predictors stay apart.

    Parameters
    ----------
    detector : what is to be known of its head.
    """

    network: Trunk

    def __init__(
        self,
        trunk: Trunk,
        card: Card,
        preprocess: ImagePreprocess,
        description: Mapping[str, Any],
        detector: Detector,
        leaves: tuple[type[nn.Module], ...] = (),
    ) -> None:
        super().__init__(trunk, card, preprocess, description, leaves)
        self.detector = detector

    def offered_maps(self) -> list[Map]:
        if not (found := self.network.offered()):
            raise UsageError(no_maps(self))
        return found
