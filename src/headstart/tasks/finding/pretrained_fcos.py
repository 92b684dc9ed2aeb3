"""A pretrained FCOS (Tian et al. 2019, arXiv:1904.01355) goes on: its last convolutions on its stored towers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding import fcos
from headstart.tasks.finding.finder import PretrainedFinder
from headstart.tasks.finding.kept_rows import teach
from headstart.tasks.finding.retinanet import PRIOR, last_convolution
from headstart.tasks.finding.rows import rows_of


class PretrainedFcosHead(MapHead):
    """Maps of the two towers → raw outputs (N, P, C + 8), as :class:`~.fcos.FcosHead` gives them.

    Parameters
    ----------
    detector : with the ``sizes`` in pixels of a step at each level.
    """

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int]) -> None:
        super().__init__(detector.maps)
        self.levels, self.columns, self.frame = len(self.maps) // 2, len(labels), frame
        self.sizes = detector.settings["sizes"]
        self.classify = last_convolution(self.maps[0].channels, len(labels), PRIOR)
        self.regress = last_convolution(self.maps[-1].channels, 4)
        self.centre = last_convolution(self.maps[-1].channels, 1)
        nn.init.constant_(self.regress.bias, fcos.START)  # type: ignore[arg-type]
        teach(self, detector, labels)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        given = [maps[each.name] for each in self.maps]
        towers, others = given[: self.levels], given[self.levels :]
        rows = [
            torch.cat([rows_of(layer(one), columns) for one in read], dim=1)
            for layer, read, columns in (
                (self.classify, towers, self.columns),
                (self.regress, others, 4),
                (self.centre, others, 1),
            )
        ]
        places = torch.cat([self._places(one, size) for one, size in zip(towers, self.sizes, strict=True)])
        return torch.cat([rows[0], rows[1].relu(), rows[2], places.expand(rows[0].shape[0], -1, -1)], dim=2)

    def _places(self, level: Tensor, size: float) -> Tensor:
        """(h · w, 3): where each place lies, as shares, and the pixels of a step.

        As in pretraining a place stands for its upper left corner, and as many whole pixels lie between two as fit.
        """
        (height, width), (wide, high) = level.shape[2:], self.frame
        y, x = torch.meshgrid(
            torch.arange(height, device=level.device) * (high // height) / high,
            torch.arange(width, device=level.device) * (wide // width) / wide,
            indexing="ij",
        )
        return torch.stack([x, y, torch.full_like(x, size)], dim=2).reshape(-1, 3)


class FcosFinder(fcos.FcosReading, PretrainedFinder):
    """As a new head of the kind is taught and read."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return PretrainedFcosHead(self.detector, self.labels, self.frame)
