"""Builds networks of ultralytics' YOLO by name, takes them apart, and makes backbones of their trunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor, nn

from headstart.backbones._card import Card
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.backbones.detectors.detectors import LEVEL, Trunk
from headstart.backbones.folders.weights import load_whole
from headstart.backbones.folders.yolo_names import DEFINED, known
from headstart.backbones.images.maps import TRIED
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.agpl_package import part_of_ultralytics
from headstart.core.detector import Detector
from headstart.core.errors import HeadstartError

FAMILY = "yolo"

_MINIATURE = [0.33, 0.25, 512]
"""Shares of depth and width, and the most channels."""

_SIDE = 320


class YoloBody(nn.Module):
    """Pixels (N, 3, H, W) → levels by name: the layers before the head, each of which reads what some before it gave.

    Parameters
    ----------
    model : a ``DetectionModel``.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        *layers, head = model.model
        self.layers = nn.ModuleList(layers)
        self.sources = [layer.f for layer in layers]
        self.kept, self.read = set(model.save), list(head.f)

    @property
    def closed(self) -> tuple[type[nn.Module], ...]:
        """Types of modules that a trace must not look into, each part of one stage."""
        rows = [list(layer) if isinstance(layer, nn.Sequential) else [layer] for layer in self.layers]
        return tuple({type(block) for row in rows for block in row})

    @property
    def keys(self) -> list[str]:
        """Names of the levels, from fine to coarse."""
        return [str(number) for number in range(len(self.read))]

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Levels."""
        found: list[Any] = []
        given: Any = pixels
        for place, (layer, source) in enumerate(zip(self.layers, self.sources, strict=True)):
            if isinstance(source, int):
                given = given if source == -1 else found[source]
            else:
                given = [given if each == -1 else found[each] for each in source]
            given = layer(given)
            found.append(given if place in self.kept else None)
        return {key: found[place] for key, place in zip(self.keys, self.read, strict=True)}


def build(architecture: str, classes: int, miniature: bool = False) -> Any:
    """The ``DetectionModel`` with random weights, defined by the package's own file.

    Raises
    ------
    HeadstartError : no such architecture is read here, or this version of the package has none.
    """
    made = {**_definition(known(architecture, "ultralytics")), "nc": classes}
    if miniature:
        made = {**made, "scale": "t", "scales": {"t": _MINIATURE}}
    return part_of_ultralytics("nn.tasks").DetectionModel(made, ch=3, verbose=False).eval()


def _definition(architecture: str) -> dict[str, Any]:
    """What the package says of it. The package itself would first look for a file of that name where one stands."""
    package = part_of_ultralytics("utils")
    files, size = DEFINED[architecture]
    found = [path for name in files if (path := Path(package.ROOT) / "cfg" / "models" / name).is_file()]
    if not found:
        raise HeadstartError(f"ultralytics {package.__version__} has no {architecture}; install a newer one.")
    made = yaml.safe_load(found[0].read_text(encoding="utf-8"))
    scales = made.get("scales") or {}
    return {**made, "scale": size if size in scales else next(iter(scales), "")}


def fill(model: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Put the weights of a whole ``DetectionModel`` into `model`; errors of misfits name `where`."""
    load_whole(model, state, where)


def wrap(
    model: Any, card: Card, description: Mapping[str, Any], classes: Sequence[str], taught: bool = True
) -> DetectorBackbone:
    """The trunk of `model` as a backbone.

    Parameters
    ----------
    classes : what the columns of its class predictor stand for. taught : whether its weights are worth anything.
    """
    body = YoloBody(model.eval())
    trunk = Trunk(body, {}, body.keys)
    maps = trunk.maps([LEVEL], (TRIED[1], TRIED[0]))
    head = model.model[-1]
    weights = head_weights(head) if taught else None
    detector = Detector(FAMILY, maps, head_settings(head), tuple(classes), weights=weights)
    pixels = {"input_size": (3, _SIDE, _SIDE), "crop_pct": 1.0, "interpolation": "bilinear"}
    preprocess = ImagePreprocess.from_pretrained_cfg({**pixels, "mean": (0.0,) * 3, "std": (1.0,) * 3})
    return DetectorBackbone(trunk, card, preprocess, description, detector, leaves=body.closed)


def head_settings(head: Any) -> dict[str, Any]:
    """What the head is made of besides its maps, as JSON; its width follows from the ``classes`` it was made for."""
    return {
        "kind": type(head).__name__,
        "classes": head.nc,
        "bins": head.reg_max,
        "pairs": hasattr(head, "one2one_cv2"),
        "plain": not isinstance(head.cv3[0][0], nn.Sequential),
    }


def head_weights(head: nn.Module) -> dict[str, Tensor]:
    """The weights of the head, as a head of the family here calls them; what only adds bins up is none."""
    return {f"detect.{name}": value for name, value in head.state_dict().items() if not name.startswith("dfl.")}
