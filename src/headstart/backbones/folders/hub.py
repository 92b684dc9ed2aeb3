"""Fetches a backbone's files from the Hugging Face hub or its cache, and fails within seconds without a network."""

from __future__ import annotations

import os
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from headstart.core.errors import HeadstartError, MissingDependency

_SECONDS = 3.0
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


class NotAtHand(HeadstartError):
    """Weights are not on this machine and could not be fetched."""


def is_offline() -> bool:
    """Whether the person has switched the hub off (``HF_HUB_OFFLINE=1``)."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in _OFFLINE)


def check_reachable(url: str, what: str) -> None:
    """Return if the host of `url` answers within three seconds, or a proxy stands between.

    Raises
    ------
    NotAtHand : it does not answer, or the hub is switched off; says that `what` is not at hand.
    """
    if is_offline():
        raise NotAtHand(f"{what} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it.")
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    proxied = parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
    if proxied:
        return
    try:
        socket.create_connection((host, parts.port or 443), timeout=_SECONDS).close()
    except OSError as error:
        raise NotAtHand(f"{what} is not on this machine, and {host} cannot be reached ({error}).") from error


def fetch_folder(repository: str, patterns: Sequence[str], required: Sequence[str]) -> Path:
    """The folder with those files of a hub `repository` that match `patterns`, from the cache where they lie there.

    Raises
    ------
    NotAtHand : not cached and not to be had; or the repository keeps no file of the `required` names.
    MissingDependency : huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependency("The hub needs 'huggingface_hub': pip install 'headstart[hub]'") from error

    def whole(folder: str) -> bool:
        return all((Path(folder) / name).is_file() for name in required)

    try:
        cached = snapshot_download(repository, allow_patterns=list(patterns), local_files_only=True)
        if whole(cached):
            return Path(cached)
    except (LocalEntryNotFoundError, FileNotFoundError):
        cached = ""  # nothing cached: fetch below
    check_reachable(constants.ENDPOINT, repository)
    try:
        folder = snapshot_download(repository, allow_patterns=list(patterns), etag_timeout=_SECONDS)
    except (HfHubHTTPError, OSError, ValueError, RuntimeError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise NotAtHand(f"{repository} could not be fetched from {constants.ENDPOINT}: {first_line}") from error
    if not whole(folder):
        absent = ", ".join(name for name in required if not (Path(folder) / name).is_file())
        raise NotAtHand(f"{repository} keeps no {absent}; weights in other formats are not read.")
    return Path(folder)


def hub_address() -> str:
    """Where the hub is, without importing its library."""
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def hub_cache() -> Path:
    """Where the hub's files are cached, without importing its library."""
    home = (
        os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    )
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")


def cached_folders() -> Iterator[tuple[str, Path]]:
    """Repositories in the hub's cache that hold weights as safetensors: (``owner/name``, newest folder)."""
    for repository in sorted(hub_cache().glob("models--*")):
        folders = [file.parent for file in repository.glob("snapshots/*/model.safetensors") if file.exists()]
        if folders:
            yield repository.name[len("models--") :].replace("--", "/"), max(folders, key=lambda f: f.stat().st_mtime)


def torch_cache() -> Path:
    """Where torch keeps downloaded weights, without importing it."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
    return Path(home) / "hub" / "checkpoints"
