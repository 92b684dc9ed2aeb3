"""``headstart evaluate``: how good a model is on examples with targets."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "evaluate", help="measure a model", description="Measure a model on examples whose targets are known."
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("data", help="a folder or table with targets, as for fit")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("--target", metavar="COLUMN", help="the column of targets, if not the one of training")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help='one JSON object: {"accuracy": [value, low, high], …}')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate and print the figures."""
    from headstart.core.files import finite
    from headstart.delivery.artifact import load

    model = load(options.model, options.device)
    model.quiet = False
    for column in ("input", "target"):
        if given := getattr(options, column):
            model.columns[column] = given
    figures = model.evaluate(options.data)
    if options.json:
        print(json.dumps(finite({name: list(figure) for name, figure in figures.items()})))
        return
    width = max(len(name) for name in figures)
    print(f"{'':{width}}  value   95 % interval")
    for name, (value, low, high) in figures.items():
        print(f"{name.replace('_', ' '):{width}}  {value:<6.3f}  {low:.3f} … {high:.3f}")
