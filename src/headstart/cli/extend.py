"""``headstart extend``: add classes to a finished model without losing the old ones."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from headstart.cli._examples import add_machine

EPILOG = """examples:
  headstart extend fruit-model new_fruit/ --out more-fruit      class folders: new classes, and more of the old
  headstart extend topics-model new.csv --target topic --json   for a pipeline
The old examples need not be there: the model folder holds what it takes to learn their classes again.
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "extend",
        help="add classes to a model",
        description="Add the classes of new examples to a finished model, without losing the old ones.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument(
        "data", help="a folder or table with targets, as for fit: new classes, and perhaps more of the old"
    )
    parser.add_argument(
        "--old", metavar="DATA", help="the examples that the model was made from: all of them are learnt from again, "
        "not only those whose features it holds"
    )  # fmt: skip
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("--target", metavar="COLUMN", help="the column of classes, if not the one of training")
    parser.add_argument(
        "--group", metavar="COLUMN", help="rows of one group stay in one split; none: not even patients, who do by "
        "default where a file, its name or a column tells them"
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="the new model folder (default: MODEL-extended here)"
    )
    parser.add_argument(
        "--forgetting", metavar="SHARE", help="the most that old classes may lose in accuracy, e.g. 2%%; measured on "
        "what was held out when the model was fitted"
    )  # fmt: skip
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help='one JSON object: {"before": …, "after": …, "new": …, …}')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Extend, and say what it gave and took."""
    from headstart.core.files import finite
    from headstart.experiment.extension.extending import extend

    out = options.out or _free(options.model)
    model = extend(
        options.model, options.data, old_data=options.old, out=out, input=options.input, target=options.target,
        group=options.group, forgetting=options.forgetting, seed=options.seed, device=options.device,
        engine=options.engine,
    )  # fmt: skip
    if options.json:
        print(json.dumps(finite(model.result.extension), ensure_ascii=False))
    else:
        print(_summary(model, out), flush=True)


def _free(model: Path) -> Path:
    """A name after the model's that is free here."""
    from headstart.core.out_folders import first_free

    return first_free(f"{model.resolve().name}-extended")


def _summary(model: Any, out: Path) -> str:
    from headstart.core.timing import say_duration
    from headstart.experiment.extension.result import Extension
    from headstart.experiment.extension.words import next_step, say

    extension = Extension.from_json(model.result.extension)
    rows = say(extension)
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["", *(f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:<{widths[2]}}  {d}".rstrip() for a, b, c, d in rows), ""]
    lines += [
        f"{finding.severity.capitalize()}: {finding.summary} {finding.next_step}".rstrip()
        for finding in model.result.findings
    ]
    lines += [
        f"Took:    {say_duration(model.result.seconds.total)}.",
        f"Next:    {next_step(extension)}",
        f"Model:   {out}",
        f"Report:  {out / 'report.html'}",
        f"Use it:  headstart predict {out} NEW_DATA -o predictions.csv",
    ]
    return "\n".join(lines)
