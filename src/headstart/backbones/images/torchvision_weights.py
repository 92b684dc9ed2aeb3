"""Weights that torchvision publishes: choosing among an architecture's, and fetching them without unpickling code."""

from __future__ import annotations

import urllib.error
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.backbones._card import Card
from headstart.backbones.folders.hub import NotAtHand, check_reachable, torch_cache
from headstart.core.errors import UsageError, nearest


def choose_weights(architecture: str, tag: str) -> Any:
    """The weights called `tag`; without one those already downloaded, else torchvision's default."""
    from headstart.backbones.images.torchvision_models import models

    published = models.get_model_weights(architecture)
    names = [weights.name for weights in published]
    if tag and tag not in names:
        raise UsageError(
            f"{architecture} has no weights {tag!r}.{nearest(tag, names)} There are: {', '.join(names)}."
        )
    if tag:
        return published[tag]
    here = [weights for weights in published if downloaded(weights.url).is_file()]
    default = published.DEFAULT  # type: ignore[attr-defined]
    return default if default in here or not here else here[0]


def downloaded(url: str) -> Path:
    """The file in torch's cache that what lies at `url` is downloaded to."""
    return torch_cache() / Path(urllib.parse.urlsplit(url).path).name


def with_weights(card: Card, weights: Any, pretraining: str) -> Card:
    """`card` of a network that has these published weights."""
    count, file = int(weights.meta["num_params"]), str(downloaded(weights.url))
    return replace(card, parameters=count, pretraining=pretraining, path=file)


def download(url: str, name: str) -> Mapping[str, Any]:
    """The state dict at `url`, from torch's cache where it lies there; read without unpickling code."""
    import torch

    if not downloaded(url).is_file():
        check_reachable(url, name)
    try:
        return torch.hub.load_state_dict_from_url(
            url, model_dir=str(torch_cache()), map_location="cpu", check_hash=True, progress=False, weights_only=True
        )
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise NotAtHand(f"{name} could not be fetched from {url}: {error}") from error
