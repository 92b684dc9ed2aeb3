"""Writes a backbone as a folder in the layout that local folders are read in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones.folders.folder import WEIGHTS
from headstart.core.files import write_json, write_whole

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone

OF_THE_NETWORK = "network."
"""What the names of a backbone's weights begin with, and its library's own names of them do not."""


def write_folder(backbone: Backbone, folder: Path, config: Mapping[str, Any], readme: str) -> None:
    """Write weights, `config` and `readme` into `folder`, which exists already.

    Parameters
    ----------
    config : what :func:`headstart.backbones.written_as` gives, and what is to be known of licence and pretraining.
    readme : the card of the backbone.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    from safetensors.torch import save

    state = {
        name.removeprefix(OF_THE_NETWORK): tensor.detach().cpu().contiguous().clone()
        for name, tensor in backbone.state_dict().items()
    }
    write_whole(folder / WEIGHTS, save(state))
    write_json(folder / "config.json", dict(config))
    write_whole(folder / "README.md", readme)
