"""``headstart adapt``: fit a finished model to new inputs without labels, or say why it is left as it is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core.spec import DEFAULT_BUDGET
from headstart.core.timing import parse_duration, say_taken

if TYPE_CHECKING:
    from headstart.experiment.adaptation.adapting import Adaption

EPILOG = """examples:
  headstart adapt photo-model sketches/ --out sketch-model        new inputs without labels
  headstart adapt model reviews.csv --labels-for few.csv --out m  a few labels (columns id, label) choose and teach
  headstart adapt model new/ --source old1/ --source old2/ --out m   several sources with labels
Where it succeeds, the folder of --out holds a usable model: the source model where nothing was kept.
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "adapt",
        help="adapt a model to new, unlabelled data",
        description="Adapt a model to new inputs without labels. Nothing is done where they do not differ, and an "
        "adaptation is kept only if several figures that need no labels agree that it is better.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("data", help="a folder of files or a table; labels are not read")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="where the model goes")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument(
        "--source", action="append", default=[], metavar="DATA", help="labelled examples of an old domain; repeatable"
    )
    parser.add_argument("--labels-for", metavar="FILE", help="a CSV file with the columns id and label")
    parser.add_argument(
        "--methods", metavar="NAMES", help="adaptations to try, name or name:setting=value, commas between; or all"
    )
    parser.add_argument("--deep", action="store_true", help="also try those that train the backbone: minutes")
    parser.add_argument(
        "--budget", default=f"{DEFAULT_BUDGET:g}s", metavar="TIME", help="time it may take, e.g. 10m (the default)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn at random (0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help='one JSON object: {"method": …, "kept": …, "reason": …}')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Adapt, write the model, and say what became of it."""
    from headstart.core.files import finite
    from headstart.core.settings import each_asked
    from headstart.experiment.adaptation.adapting import adapt

    budget = parse_duration(options.budget)
    adaption = adapt(
        options.model,
        options.data,
        out=options.out,
        input=options.input,
        source=options.source,
        labels_for=options.labels_for,
        methods=each_asked(options.methods or ""),
        deep=options.deep,
        budget=budget,
        seed=options.seed,
        device=options.device,
    )
    if options.json:
        print(json.dumps(finite(adaption.to_json()), ensure_ascii=False))
    else:
        print("\n".join([*_table(adaption), *_words(adaption, options.out, budget)]))


def _table(adaption: Adaption) -> list[str]:
    """A line for each candidate with the figures of the validators, the kept one marked, and what may be kept.

    A line also for each that there was no time to try.
    """
    if not adaption.tried:
        return []
    names = list(adaption.tried[0].figures)
    rows = [["", "way", *(name.replace("_", " ") for name in names), "preferred by", "may be kept"]]
    for one in adaption.tried:
        kept = one.name == adaption.method or (not adaption.kept and one is adaption.tried[0])
        figures = [f"{one.figures[name]:z.3f}" for name in names]
        said = one.said_against(adaption.tried[0]) if one is not adaption.tried[0] else "-"
        rows.append([">" if kept else "", one.name, *figures, said, "yes" if one.may_be_kept else "if named"])
    rows += [["", name, *("-" for _ in names), "not tried: no time", "-"] for name in adaption.not_tried]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _words(adaption: Adaption, out: Path, budget: float) -> list[str]:
    """What is kept and why, what to know, how long it took, and where the model lies."""
    kept = adaption.method if adaption.kept else "the source model"
    found = [
        line
        for each in adaption.findings
        for line in (f"{each.severity}: {each.summary}", f"    → {each.next_step}" if each.next_step else "")
        if line
    ]
    lacking = [f"Left out: {name}: {why}." for name, why in adaption.left_out.items()]
    lacking += [f"Not tried: {name}: {why}." for name, why in adaption.not_tried.items()]
    took = f"Took:     {say_taken(adaption.seconds, budget)}."
    return ["", *lacking, *found, "", f"Kept:     {kept}: {adaption.reason}.", took, f"Model:    {out}"]
