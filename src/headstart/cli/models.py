"""``headstart models``: the backbones at hand, with size, licence and source."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "models",
        help="list backbones",
        description="List the backbones at hand: installed, in local folders (HEADSTART_MODELS), and on the hub.",
    )
    parser.add_argument("--all", action="store_true", help="also those that would have to be downloaded")
    parser.add_argument("--json", action="store_true", help="a JSON list on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """List them."""
    from headstart.backbones import all_cards

    cards = [card for card in all_cards() if options.all or card.at_hand]
    if options.json:
        print(json.dumps([card.to_json() for card in cards], ensure_ascii=False))
        return
    rows = [("name", "for", "parameters", "size", "licence", "at hand", "pretrained on")]
    rows += [
        (
            c.name, c.modality, _count(c.parameters), _size(c.bytes), _short(c.licence or "unknown"),
            "yes" if c.at_hand else "no", c.pretraining,
        )
        for c in cards
    ]  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not options.all:
        print(
            "\nThese need no network; --all adds those that are downloaded when asked for. To add your own, put "
            "their folders (config.json, model.safetensors) into a folder that HEADSTART_MODELS names."
        )


def _short(words: str, width: int = 36) -> str:
    return words if len(words) <= width else words[: width - 1] + "…"


def _count(parameters: int) -> str:
    if not parameters:
        return "?"
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e5 else f"{parameters / 1e3:.1f} k"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else "-"
