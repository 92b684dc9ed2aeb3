"""Masked autoencoding: what is hidden of a picture is told from the rest of it."""

from __future__ import annotations

from headstart.backbones.base import Backbone
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.last_map import last_map
from headstart.backbones.texts.kept_tokens import patches_of
from headstart.core.errors import UsageError
from headstart.pretraining._masked_cells import MaskedCells
from headstart.pretraining._masked_patches import MaskedPatches
from headstart.pretraining.base import OwnLesson, OwnMethod
from headstart.tasks.base import Task

FOR_PATCHES, FOR_CELLS = 0.75, 0.6
"""The share that is hidden: of patches that a transformer is spared (He et al. 2022), and of cells that are painted
over for a convolutional network (Xie et al. 2022)."""


class MaskedAutoencoding(OwnMethod):
    """A vision transformer reads the patches that are not hidden alone (MAE); another network reads the picture with
    its hidden cells painted over (SimMIM): it needs a whole one.

    Parameters
    ----------
    hidden : share of the picture, more than 0 and less than 1; None for what suits the kind of network.
    smallest : share of a picture's area that a crop shows at least, more than 0 and at most 1.
    """

    summary = "learns to tell what is hidden of a picture from the rest"

    def __init__(self, hidden: float | None = None, smallest: float = 0.2) -> None:
        self.hidden, self.scale = hidden, (smallest, 1.0)

    def check(self) -> None:
        if self.hidden is not None and not 0 < self.hidden < 1:
            raise UsageError(f"masked_autoencoding:hidden={self.hidden:g} must be more than 0 and less than 1.")
        if not 0 < self.scale[0] <= 1:
            raise UsageError(f"masked_autoencoding:smallest={self.scale[0]:g} must be more than 0 and at most 1.")

    def lesson(self, student: Backbone, task: Task | None) -> OwnLesson:
        if isinstance(student, ImageBackbone):
            channels = student.preprocess.channels
            if patches := patches_of(student.network):
                return MaskedPatches(patches, channels, self.hidden or FOR_PATCHES)
            if last := last_map(student.network, channels):
                return MaskedCells(last, channels, self.hidden or FOR_CELLS)
        raise UsageError(
            f"{student.card.name} is neither a plain vision transformer of timm nor a convolutional network that "
            "takes pictures of any size, so nothing of them can be hidden from it. Take --method vicreg."
        )
