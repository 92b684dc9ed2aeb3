"""``headstart evaluate``: how good a model is on examples with targets."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from headstart.core.by_class import BY_CLASS
from headstart.core.results import Figures

MOST_SHOWN = 12
"""Classes that are shown one by one."""


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
        help='one JSON object: {"accuracy": [value, low, high], …, "auroc": {class: […]}, …}, of several targets a '
        "block each",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate and print the figures."""
    from headstart.core.files import finite
    from headstart.delivery.artifact import load
    from headstart.delivery.writing import figure_interval, figure_name, figure_value

    model = load(options.model, options.device)
    model.quiet = False
    found = model.judge(options.data, options.input, options.target)
    if options.json:
        print(json.dumps(finite(found.to_json())))
        return
    rows = [("", "value", "95 % interval")]
    for name, figure in found.figures.items():
        given = name, figure, model.task.higher_is_better[name]
        rows.append((figure_name(name), figure_value(*given), figure_interval(*given)))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for name, value, interval in rows:
        print(f"{name:{widths[0]}}  {value:>{widths[1]}}  {interval}")
    for line in _undefined(found.figures, model.task.reads_maps):
        print(line)
    for line in _class_lines(found.by_class or {}):
        print(line)


def _undefined(figures: Figures, in_pictures: bool) -> list[str]:
    """A line on the figures that have no value, as of boxes where none is marked, or R² of equal numbers."""
    from headstart.delivery.writing import figure_name

    names = [figure_name(name) for name, figure in figures.items() if math.isnan(figure.value)]
    why = "these examples hold nothing to be found" if in_pictures else "these examples are too few or too much alike"
    return [f"{', '.join(names)}: not defined here, for {why}."] if names else []


def _class_lines(by_class: dict[str, Any]) -> list[str]:
    """The figures of a few classes, each with its intervals; of many, nothing: --json has them."""
    names = [name for name in by_class if name != BY_CLASS[-1]]
    classes = list(dict.fromkeys(label for name in names for label in by_class[name]))
    if not 0 < len(classes) <= MOST_SHOWN:
        return []
    title = "class against the rest" if BY_CLASS[0] in by_class else "class"
    cells = [[title, *(f"{name.replace('_', ' ')}, 95 % interval" for name in names)]]
    for label in classes:
        cells.append([label, *(_cell(by_class[name].get(label)) for name in names)])
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return ["", *lines]


def _cell(figure: list[float] | None) -> str:
    if not figure:
        return "not there"
    return "not defined" if math.isnan(figure[0]) else f"{figure[0]:.3f}, {figure[1]:.3f} to {figure[2]:.3f}"
