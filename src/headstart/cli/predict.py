"""``headstart predict``: labels with calibrated probabilities for new inputs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("predict", help="predict new inputs", description="Predict new inputs with a model.")
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("data", help="a folder of files, one file, or a table")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="predictions.csv, .jsonl or .parquet")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Predict and write, or print, one row an input."""
    from headstart.core.progress import Progress
    from headstart.delivery.artifact import load
    from headstart.delivery.predictions import check_target, csv_text, write_predictions

    if options.out:
        check_target(options.out)
    model = load(options.model, options.device)
    model.quiet = False
    answer = model.answer(options.data, options.input)
    progress = Progress()
    for problem in answer.set_aside:
        progress.say(f"  set aside: {problem}")
    if options.out:
        write_predictions(options.out, answer.ids, answer.predictions)
        progress.say(f"{len(answer.ids)} predictions in {options.out}")
    else:
        sys.stdout.write(csv_text(answer.ids, answer.predictions))
