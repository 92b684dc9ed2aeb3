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
    parser.add_argument(
        "--json",
        action="store_true",
        help='one JSON object: {"accuracy": [value, low, high], …}, of several targets a block each',
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate and print the figures."""
    from headstart.core.files import finite
    from headstart.core.results import figures_json
    from headstart.delivery.artifact import load
    from headstart.delivery.writing import figure_interval, figure_name, figure_value

    model = load(options.model, options.device)
    model.quiet = False
    figures = model.evaluate(options.data, options.input, options.target)
    if options.json:
        print(json.dumps(finite(figures_json(figures))))
        return
    rows = [("", "value", "95 % interval")]
    for name, figure in figures.items():
        given = name, figure, model.task.higher_is_better[name]
        rows.append((figure_name(name), figure_value(*given), figure_interval(*given)))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for name, value, interval in rows:
        print(f"{name:{widths[0]}}  {value:>{widths[1]}}  {interval}")
