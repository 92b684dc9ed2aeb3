"""``headstart explain``: why the model predicts what it does for an input."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

EPILOG = """examples:
  headstart explain flowers-model rose.jpg photos/         pictures with a map over them, and a page
  headstart explain spam-model "You have won a prize"      a text given directly
  headstart explain spam-model mails.csv --input text      the texts of a table
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "explain",
        help="say why a prediction is what it is",
        description="Say why a model predicts what it does, and how far each explanation can be trusted.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a file, a folder, a table, or a text")
    parser.add_argument("--method", action="append", default=[], metavar="NAME", help="may be repeated; without: all")
    parser.add_argument("--label", help="explain this label instead of the predicted one")
    parser.add_argument("--target", metavar="NAME", help="of a model for several targets, which (default: the first)")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="a new folder (default: explanations here)")
    parser.add_argument("--seed", type=int, default=0, help="of the random removals and the shuffled weights")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help="the files written and each explanation's own check")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Explain, write the files, and print what was found."""
    from headstart.core.out_folders import check_out, first_free
    from headstart.core.progress import Progress
    from headstart.delivery.artifact import load
    from headstart.explanations import explain

    out = options.out or first_free("explanations")
    check_out(out)
    model = load(options.model, options.device)
    made = explain(
        model,
        options.inputs,
        options.method,
        options.label,
        options.input,
        seed=options.seed,
        quiet=False,
        target=options.target,
    )
    progress = Progress()
    progress.set_aside(made.set_aside)
    files = [str(path) for path in made.write(out)]
    if options.json:
        print(json.dumps({"files": files, **made.to_json()}, ensure_ascii=False))
        return
    for name, why in made.left_out.items():
        progress.say(f"  left out: {name}: {why}")
    _show(made)
    progress.say(f"{len(files)} file{'s' if len(files) > 1 else ''} written, first {files[0]}")


def _show(made: Any) -> None:
    """Every input with what was said of it; colours only where a terminal shows them."""
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for each in made.inputs:
        print(f"{each.name}: {each.label} ({each.aim.say(each.confidence)})")
        for answer in each.answers:
            doubt = " (not to be trusted)" if answer.trusted is False else ""
            print(f"  {answer.method}{doubt}")
            if words := _marked(each.parts, answer.explained.map, colours):
                print(f"    {words}")
            for label, near in _by_label(answer.explained.neighbours).items():
                shared = f"{label}: " if label else ""  # a model made from names has seen no label
                print(f"    {shared}{', '.join(f'{each.id} ({each.similarity:.3f})' for each in near)}")
            for check in answer.checks:
                print(f"    {check.name}: {check.summary}")


def _by_label(neighbours: Any) -> dict[str, list[Any]]:
    """The training examples of each label, the label that comes nearest first."""
    found: dict[str, list[Any]] = {}
    for near in neighbours:
        found.setdefault(near.label, []).append(near)
    return found


def _marked(parts: Any, given: Any, colours: bool) -> str:
    """A text in colours, or its five words with the largest scores; nothing of a picture, which no terminal shows."""
    if parts is None or given is None:
        return ""
    if colours:
        return str(parts.coloured(given))
    told = sorted(parts.told(given), key=lambda pair: -abs(pair[1]))[:5]
    return f"most: {', '.join(f'{word} {score:+z.2f}' for word, score in told)}" if told else ""
