"""ultralytics' YOLO, from folders that a person makes; under the AGPL-3.0, which is said before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.yolo_names import (
    DEFINED,
    NAMES,
    classes_of,
    how_to_make,
    known,
    of_ultralytics,
)
from headstart.core.agpl_package import LICENCE, is_installed
from headstart.core.errors import UsageError

if TYPE_CHECKING:
    from headstart.backbones.detectors.backbone import DetectorBackbone

_KINDS = ("yolov5nu", "yolov8n", "yolov9t", "yolov10n", "yolo11n", "yolo12n", "yolo26n")


class Ultralytics(Source):
    """A folder's ``config.json`` holds ``library`` ("ultralytics"), ``architecture``, and ``labels``.

    ``model.safetensors`` holds the state of the package's ``DetectionModel``. Nothing is downloaded, since weights
    are published as pickles alone.
    """

    licence = LICENCE

    def cards(self) -> list[Card]:
        """None: nothing can be fetched."""
        return []

    def has(self, name: str) -> bool:
        return name.removesuffix(".pt") in DEFINED

    def load(self, name: str, pretrained: bool = True) -> DetectorBackbone:
        from headstart.backbones.detectors import yolo_networks as networks

        architecture = known(name.removesuffix(".pt"), self.prefix)
        if pretrained:
            raise UsageError(
                f"{self.prefix}/{name}: its weights are published as pickles alone, which can run code when they are "
                f"opened, and are never opened here. {how_to_make(architecture)}"
            )
        card = self._card(architecture, "none: random weights")
        model = networks.build(architecture, len(NAMES))
        return networks.wrap(model, card, self._described(architecture, list(NAMES)), NAMES, taught=False)

    def _card(self, name: str, pretraining: str) -> Card:
        return Card(f"{self.prefix}/{name}", "image", self.licence, pretraining=pretraining, boxes=True, binding=True)

    def _described(self, architecture: str, classes: list[str], miniature: bool = False) -> dict[str, Any]:
        source = {"source": Path(__file__).stem, "architecture": architecture}
        return {**source, "classes": classes, "miniature": miniature}

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        """Raises ``HeadstartError`` where it is of the package, and none that is read."""
        if not of_ultralytics(config):
            return None
        known(config.get("architecture"), str(folder))
        classes_of(config, str(folder))
        return "image"

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> DetectorBackbone:
        from headstart.backbones.detectors import yolo_networks as networks
        from headstart.backbones.folders.weights import read_weights

        config = read_config(folder)
        architecture, classes = known(config["architecture"], str(folder)), classes_of(config, str(folder))
        state = read_weights(folder / WEIGHTS) if pretrained else None
        model = networks.build(architecture, len(classes))
        if state is not None:
            networks.fill(model, state, str(folder))
        return networks.wrap(model, card, self._described(architecture, classes), classes, pretrained)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> DetectorBackbone:
        from headstart.backbones.detectors import yolo_networks as networks
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card

        architecture, classes, small = (description[key] for key in ("architecture", "classes", "miniature"))
        model = networks.build(architecture, len(classes), small)
        plain = self._described(architecture, classes, small)
        backbone = networks.wrap(model, described_card(description), plain, classes, taught=False)
        backbone.preprocess = ImagePreprocess.from_description(description["preprocess"])
        return backbone

    def tiny(self, name: str) -> DetectorBackbone:
        from headstart.backbones.detectors import yolo_networks as networks

        card = self._card(name, "none: a miniature")
        plain = self._described(name, list(NAMES), miniature=True)
        return networks.wrap(networks.build(name, len(NAMES), miniature=True), card, plain, NAMES)

    def families(self) -> list[str]:
        """None where the package is not installed."""
        return list(_KINDS) if is_installed() else []
