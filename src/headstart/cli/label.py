"""``headstart label``: which unlabelled examples to label next."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.experiment.labelling import ToLabel

EPILOG = """examples:
  headstart label flowers-model unlabelled/                 the 50 most useful, as CSV
  headstart label spam-model mails.csv --count 200 --out next.csv
Label them, and fit on the old and the new examples together.
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "label",
        help="say what to label next",
        description="Rank unlabelled examples by what labelling them would teach a model: those that it is unsure "
        "of, and that differ from each other and from what it knows.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("data", help="a folder of files or a table; labels are not needed")
    parser.add_argument("--count", type=int, default=50, metavar="N", help="how many to name (50)")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="a CSV file (default: printed)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help='one JSON object: {"to_label": […], "known": […], …}')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Rank, and write or print the list."""
    from headstart.core.errors import UsageError
    from headstart.core.files import finite, write_whole
    from headstart.core.progress import Progress
    from headstart.delivery.artifact import load
    from headstart.experiment.labelling import label

    if options.out and (options.json or options.out.suffix.lower() != ".csv"):
        raise UsageError(f"--out {options.out} writes a CSV file: its name must end in .csv, without --json.")
    model = load(options.model, options.device)
    model.quiet = False
    ranked = label(model, options.data, options.count, input=options.input)
    progress = Progress()
    for note in _notes(ranked):
        progress.say(f"  {note}")
    if options.json:
        print(json.dumps(finite(ranked.to_json()), ensure_ascii=False))
    elif options.out:
        write_whole(options.out, _csv(ranked))
        progress.say(f"{len(ranked.candidates)} examples to label in {options.out}, the most useful first")
    else:
        sys.stdout.write(_csv(ranked))


def _notes(ranked: ToLabel) -> list[str]:
    """What a person should know besides the list."""
    notes = [f"set aside: {problem}" for problem in ranked.set_aside]
    if ranked.known:
        more = f" and {len(ranked.known) - 1:,} more" if len(ranked.known) > 1 else ""
        notes.append(f"left out: {ranked.known[0]}{more}, whose equals the model knows with their labels")
    if strange := [each.id for each in ranked.candidates if each.is_unfamiliar]:
        notes.append(
            f"note: {len(strange)} of the {len(ranked.candidates)} are unfamiliar, e.g. {strange[0]}: "
            "look whether they belong"
        )
    return notes


def _csv(ranked: ToLabel) -> str:
    """``id,rank,label,probability,runner_up,…``, one row an example, the text last where there is one."""
    from headstart.delivery.predictions import csv_text
    from headstart.tasks.base import Predictions

    each = ranked.candidates
    names = ["rank", "label", "probability", "runner_up", "runner_up_probability", "is_unfamiliar"]
    names += ["text"] if any(one.text is not None for one in each) else []
    columns = {name: [getattr(one, name) for one in each] for name in names}
    # The first column of a table of predictions is called "input".
    return "id" + csv_text([one.id for one in each], Predictions(columns)).removeprefix("input")
