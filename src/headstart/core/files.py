"""Writes files and folders whole or not at all, and digests content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from headstart.core.errors import HeadstartError, NotWritten


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that becomes `target` when the block ends without an error.

    An existing `target` is replaced only at that moment. A full disk leaves `target` as it was.

    Raises
    ------
    NotWritten : the disk is full or not writable; the message names the path.
    """
    target = Path(target)
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with _disk_errors(target):
            yield temporary
            for path in [temporary, *temporary.rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
            retired = temporary.with_name(temporary.name + ".old")
            if target.exists():
                target.rename(retired)
            try:
                temporary.rename(target)
            except OSError:
                if retired.exists():
                    retired.rename(target)
                raise
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_whole(target: Path, content: bytes | str) -> None:
    """Write `content` to `target` through a temporary file and a rename; text as UTF-8.

    Raises
    ------
    NotWritten : the disk is full or not writable.
    """
    target = Path(target)
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_json(target: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all, as :func:`finite` gives it."""
    write_whole(target, json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(file: Path, absent: Any) -> Any:
    """What `file` says, of the kind of `absent`, which stands for it where it is not there.

    Raises
    ------
    HeadstartError : it is not JSON, or of another kind.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else absent
    except ValueError as error:
        raise HeadstartError(f"{file}: is not JSON ({error}).") from error
    if not isinstance(found, type(absent)):
        raise HeadstartError(
            f"{file}: holds a JSON {type(found).__name__}, where a {type(absent).__name__} is meant."
        )
    return found


def finite(value: Any) -> Any:
    """`value` with every NaN or infinite float replaced by None, so that any JSON reader takes it; no nought has a
    minus."""
    if isinstance(value, float):
        return value + 0.0 if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def digest(*parts: bytes | memoryview | str) -> str:
    """The first 32 characters of the SHA-256 digest of `parts`, unambiguous about where one part ends.

    Processors have instructions for it, so it takes half the time of BLAKE2; every fit asks for that of every input.
    """
    state = hashlib.sha256()
    for part in parts:
        # A lone surrogate (half a character, as some JSON holds) has no UTF-8 form of its own.
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()[:32]


def cache_folder() -> Path:
    """Where stored activations lie: ``HEADSTART_CACHE``, else the user's cache folder."""
    if given := os.environ.get("HEADSTART_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "headstart"


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        # safetensors reports a full disk as an error of its own, which is no OSError.
        if isinstance(error, SafetensorError) and "I/O error" not in str(error):
            raise
        why = getattr(error, "strerror", None) or str(error).removeprefix("Error while serializing: ")
        raise NotWritten(
            f"{target}: could not be written ({why}). Nothing was left behind; free some space or choose another "
            "folder, then run the same command again: a fit or a pretraining goes on with --resume.",
            why,
        ) from error
