"""What is to be known of the queries of a pretrained MaskFormer or Mask2Former, which its trunk leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from headstart.backbones.folders.folder import WEIGHTS
from headstart.backbones.folders.set_detector_kinds import class_names
from headstart.backbones.folders.tensor_header import tensor_shapes
from headstart.backbones.images.maps import TRIED, read_maps
from headstart.backbones.segmenters.mask_transformer_trunks import QUERIES
from headstart.backbones.segmenters.trunk import SegmenterTrunk
from headstart.core.detector import Detector
from headstart.core.maps import Map

_NOT_OF_THE_HEAD = ("id2label", "label2id", "backbone_config", "architectures")
_PREDICTOR = "class_predictor."


def queries_of(whole: Any, trunk: SegmenterTrunk, config: Mapping[str, Any]) -> Detector | None:
    """The queries of the model `whole` of transformers; None where it has none. `config` is of all of it, as JSON."""
    names = trunk.read_by_queries()
    if not names:
        return None
    settings = {name: value for name, value in config.items() if name not in _NOT_OF_THE_HEAD}
    known, count = class_names(config), whole.class_predictor.out_features - 1
    columns = ("", *(known if len(known) == count else [""] * count))
    maps, state = _maps(trunk, names), _state(whole)
    return Detector(str(config["model_type"]), maps, settings, columns, 1, None, state, finds_masks=True)


def holds_queries(folder: Path) -> bool:
    """Whether the weights in `folder` are those of the queries too; so in shards, which are not looked into."""
    names = tensor_shapes(folder / WEIGHTS)
    return not names or any(name.startswith(_PREDICTOR) for name in names)


def _maps(trunk: SegmenterTrunk, names: list[str]) -> tuple[Map, ...]:
    with torch.no_grad():
        found = read_maps(trunk.eval(), torch.zeros(1, 3, *TRIED), names)
    return tuple(Map(name, one.shape[1], round(TRIED[0] / one.shape[2])) for name, one in found.items())


def _state(whole: Any) -> dict[str, Tensor]:
    """Their weights, as a head here calls them; the column of no object stands first here, and last there."""
    state: Mapping[str, Tensor] = whole.state_dict()
    own = {name: value for name, value in state.items() if name.startswith(tuple(f"{path}." for path in QUERIES))}
    turned = {name: value.roll(1, 0) if name.startswith(_PREDICTOR) else value for name, value in own.items()}
    return {name.removeprefix("model."): value for name, value in turned.items()}
