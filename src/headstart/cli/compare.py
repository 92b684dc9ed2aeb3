"""``headstart compare``: how new data differ from what a model was made from, and what accuracy to expect on them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare",
        help="compare new data with a model's",
        description="Compare new data, labelled or not, with the examples held out when the model was fitted.",
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("data", help="a folder of files or a table; labels are not needed")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("--seed", type=int, default=0, help="of the permutations and resamples (0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument(
        "--json", action="store_true", help='one JSON object: {"mismatch": …, "estimated_accuracy": …, "findings": …}'
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compare and print what was found."""
    from headstart.core.files import finite
    from headstart.delivery.artifact import load

    model = load(options.model, options.device)
    model.quiet = False
    comparison = model.compare(options.data, options.input, options.seed)
    if options.json:
        print(json.dumps(finite(comparison.to_json()), ensure_ascii=False))
        return
    for finding in comparison.findings:
        print(f"{finding.severity}: {finding.summary}")
        for example in finding.examples:
            print(f"    {example.id}  {example.score:.2f}")
        if finding.next_step:
            print(f"    → {finding.next_step}")
    sys.stdout.flush()
