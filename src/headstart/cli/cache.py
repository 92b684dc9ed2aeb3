"""``headstart cache``: what the store of activations holds, and clearing it."""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core.errors import UsageError
from headstart.core.sizes import say_size
from headstart.core.timing import parse_duration, say_duration

if TYPE_CHECKING:
    from headstart.frozen.eviction import Cleared
    from headstart.frozen.holdings import Held

DAY = 86_400
UNNAMED = "(an older version's)"


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "cache",
        help="see or clear the stored activations",
        description="See where the activations of frozen layers are stored and how much they take, or clear them. "
        "What is cleared is computed again when it is needed.",
        epilog="HEADSTART_CACHE names the folder; HEADSTART_CACHE_LIMIT says how much it may hold, e.g. 20GB.",
    )
    parser.add_argument("--clear", action="store_true", help="remove everything that no running fit has open")
    parser.add_argument("--older-than", metavar="TIME", help="with --clear: only what was not used for TIME, e.g. 7d")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Show the store, or clear it."""
    if options.older_than is not None and not options.clear:
        raise UsageError("--older-than says what --clear removes. Write: headstart cache --clear --older-than 7d")
    from headstart.core.kept import kept_files
    from headstart.frozen.eviction import DiskBudget, clear
    from headstart.frozen.holdings import store_folder, survey

    store = store_folder()
    if options.clear:
        age = 0.0 if options.older_than is None else _age(options.older_than)
        cleared = clear(store, age)
        cleared = replace(cleared, bytes=cleared.bytes + kept_files().clear(age))
        print(json.dumps(_cleared_json(store, cleared)) if options.json else _say_cleared(store, cleared))
        return
    limit, spaces = DiskBudget(store).limit, survey(store)
    if options.json:
        print(json.dumps(_json(store, limit, spaces, kept_files().bytes), ensure_ascii=False))
    else:
        print(_table(store, limit, spaces, kept_files().bytes))


def _table(store: Path, limit: int, spaces: list[Held], small: int) -> str:
    held = sum(space.bytes for space in spaces)
    lines = [f"Store: {store}", f"Holds: {say_size(held) if held else 'nothing'} of at most {say_size(limit)}"]
    if small:
        lines.append(f"Beside it: {say_size(small)} of solved heads, findings and other small results")
    if not spaces:
        return "\n".join(lines)
    rows = [("for", "view", "examples", "size", "last used")]
    rows += [(_about(s), _view(s), f"{s.examples:,}", say_size(s.bytes), _used(s)) for s in spaces]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines += [""] + ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", "headstart cache --clear --older-than 7d removes what was not used for 7 days."])


def _about(space: Held) -> str:
    """The backbone and where it is cut, without the digests, which tell a person nothing."""
    words = [str(space.facts.get(name, "")) for name in ("about", "cut")]
    return " ".join(re.sub(r"\b[0-9a-f]{32}\b", "", " ".join(words)).split()) or UNNAMED


def _view(space: Held) -> str:
    view = space.facts.get("view")
    return "-" if view is None else f"augmented {view}" if view else "plain"


def _used(space: Held) -> str:
    if space.in_use:
        return "now"
    ago = max(0.0, time.time() - space.used)
    if ago < 60:
        return "less than a minute ago"
    return f"{ago / DAY:.0f} days ago" if ago >= 2 * DAY else f"{say_duration(ago // 60 * 60)} ago"


def _json(store: Path, limit: int, spaces: list[Held], small: int) -> dict[str, Any]:
    listed = [
        {
            "folder": str(space.folder),
            "about": space.facts.get("about", ""),
            "cut": space.facts.get("cut", ""),
            "view": space.facts.get("view"),
            "examples": space.examples,
            "bytes": space.bytes,
            "last_used": datetime.fromtimestamp(space.used, UTC).isoformat(timespec="seconds"),
            "in_use": space.in_use,
        }
        for space in spaces
    ]
    held = sum(space.bytes for space in spaces)
    return {"folder": str(store), "bytes": held, "limit": limit, "spaces": listed, "small_results_bytes": small}


def _say_cleared(store: Path, cleared: Cleared) -> str:
    if not cleared.bytes and not cleared.in_use:
        return f"There was nothing to clear in {store}."
    spaces = f"{cleared.spaces} space" + ("" if cleared.spaces == 1 else "s")
    said = f"Freed {cleared.bytes:,} bytes ({say_size(cleared.bytes)}, {spaces}) in {store}."
    if cleared.in_use:
        said += f" Kept what a running fit has open: {cleared.in_use}. Clear again when it has ended."
    return said


def _cleared_json(store: Path, cleared: Cleared) -> dict[str, Any]:
    return {
        "folder": str(store),
        "freed_bytes": cleared.bytes,
        "spaces_removed": cleared.spaces,
        "spaces_in_use": cleared.in_use,
    }


def _age(text: str) -> float:
    """Seconds in ``7d``, or in a duration as it is written everywhere else."""
    days = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*d(?:ays?)?\s*", text.lower())
    try:
        return float(days[1]) * DAY if days else parse_duration(text)
    except UsageError as error:
        raise UsageError(f"--older-than: {text!r} is not a time. Write for example 7d, 12h or 30m.") from error
