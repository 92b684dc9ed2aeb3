"""The backbone of a finished model, as it was tuned: what a fit on other examples may start from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones._rebuild import rebuild
from headstart.core.detector import Detector
from headstart.core.errors import HeadstartError

if TYPE_CHECKING:
    from torch import Tensor

    from headstart.backbones.base import Backbone

DESCRIPTION, WEIGHTS = "model.json", "model.safetensors"
OF_THE_BACKBONE, OF_THE_HEAD = "backbone.", "head."
"""What the names of its weights begin with."""


def is_finished_model(folder: Path) -> bool:
    """Whether `folder` holds a model that a fit has written."""
    return (folder / DESCRIPTION).is_file() and (folder / WEIGHTS).is_file()


def backbone_of(folder: Path, name: str, pretrained: bool = True) -> Backbone:
    """The backbone of the model in `folder`, called `name`; nothing in it is run or unpickled.

    Raises
    ------
    HeadstartError : the folder is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        whole = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        described = whole["backbone"]
        backbone = rebuild(described, folder)
        if pretrained:
            state = load_file(folder / WEIGHTS)
            backbone.load_state_dict(_part(state, OF_THE_BACKBONE))
            if learnt := whole["task"].get(
                "detector"
            ):  # what its head is made of, which need not be all of the start
                detector = Detector.from_description(learnt)
                backbone.detector = detector.taught(whole["task"]["labels"], _part(state, OF_THE_HEAD))
    except (AttributeError, KeyError, TypeError, ValueError, OSError, RuntimeError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise HeadstartError(
            f"{folder}: the model folder is damaged ({type(error).__name__}: {why}), so no fit can start from its "
            "backbone. Copy it again from where it was made, or name another --backbone."
        ) from error
    backbone.card = replace(backbone.card, name=name, path=str(folder))
    return backbone.eval()


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
