"""Fetches a backbone's files from the Hugging Face hub or its cache, and fails within seconds without a network."""

from __future__ import annotations

import os
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from headstart.core.errors import HeadstartError, MissingDependency, UsageError, first_line
from headstart.core.progress import Progress

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
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        raise NotAtHand(f"{what} is not on this machine, and {host} cannot be reached ({error}).") from error


def fetch_folder(repository: str, patterns: Sequence[str], required: Sequence[str]) -> Path:
    """The folder with those files of a hub `repository` that match `patterns`, from the cache where all lie there.

    Whether all do is known of what was fetched as a whole. Another program may have left a part, without the small
    files that say how vectors are pooled: it is taken where the hub does not answer, and what it lacks is said.

    Raises
    ------
    NotAtHand : not cached and not to be had; or the repository keeps no file of the `required` names.
    UsageError : a repository cannot be called so.
    MissingDependency : huggingface_hub is not installed.
    """
    folder, complete = _cached(repository, patterns)
    if not folder or _lacking(folder, required):
        folder = _fetched(repository, patterns)
    elif not complete:
        folder = _completed(repository, tuple(patterns), folder)
    if absent := _lacking(folder, required):
        raise NotAtHand(f"{repository} keeps no {', '.join(absent)}; weights in other formats are not read.")
    return Path(folder)


@cache
def _completed(repository: str, patterns: tuple[str, ...], folder: str) -> str:
    """`folder` with what it lacks of its own commit; as it is where that cannot be had, which is said once."""
    try:
        return _fetched(repository, patterns, Path(folder).name)
    except NotAtHand as error:
        if absent := _lacking(folder, [name for name in patterns if "*" not in name]):
            Progress().say(
                f"{repository} may lie in the hub's cache in part only: it is used without {', '.join(absent)}, "
                f"which it may have. {error}"
            )
        return folder


def _cached(repository: str, patterns: Sequence[str]) -> tuple[str, bool]:
    """The folder in the cache, empty where there is none, and whether it is known to hold all that match."""
    try:
        from huggingface_hub import get_cached_repo_tree, snapshot_download
        from huggingface_hub.errors import (
            CachedRepoTreeNotFoundError,
            HFValidationError,
            IncompleteSnapshotError,
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise MissingDependency("The hub needs 'huggingface_hub': pip install 'headstart[hub]'") from error
    folder = ""
    try:
        folder = snapshot_download(repository, allow_patterns=list(patterns), local_files_only=True)
        get_cached_repo_tree(repository)
    except HFValidationError as error:
        meant = "/".join([part for part in repository.strip().split("/") if part][-2:])
        hint = f" Did you mean {meant!r}?" if meant not in ("", repository) else ""
        raise UsageError(f"The hub has no repository {repository!r}: their names read owner/name.{hint}") from error
    except CachedRepoTreeNotFoundError:
        return folder, False
    except IncompleteSnapshotError as error:
        return error.snapshot_path, False
    except (LocalEntryNotFoundError, FileNotFoundError):
        return "", False
    return folder, True


def _fetched(repository: str, patterns: Sequence[str], revision: str | None = None) -> str:
    """The folder, with what was missing downloaded; without a `revision`, of the newest."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    check_reachable(constants.ENDPOINT, repository)
    try:
        kept = list(patterns)
        return str(snapshot_download(repository, revision=revision, allow_patterns=kept, etag_timeout=_SECONDS))
    except (HfHubHTTPError, OSError, ValueError, RuntimeError) as error:
        raise NotAtHand(
            f"{repository} could not be fetched from {constants.ENDPOINT}: {first_line(error)}"
        ) from error


def _lacking(folder: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if not Path(folder, name).is_file()]


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
