"""``headstart fit``: from examples to a model and its evidence."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.cli._examples import add_choice, add_examples, add_machine, asked, choice
from headstart.core.counts import parse_share
from headstart.core.errors import Interrupted
from headstart.core.names import read_names
from headstart.core.results import FromNames
from headstart.core.spec import AUTO, DEFAULT_BUDGET, FitSpec
from headstart.core.timing import parse_duration, say_taken

SHOWN = 8
"""Labels that are named."""

EPILOG = """examples:
  headstart fit photos/                              class folders, or train/ [val/] test/ holding class folders
  headstart fit reviews.csv --target label           the text column is found, or --input text
  headstart fit mails.csv --labels "complaint,order,question"     no labelled example at all: by the names alone
  headstart fit scans.csv --input path --target finding --group patient
  headstart fit tickets.csv --target team,urgent,price    several targets of one input; cells may be empty
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "fit",
        help="learn from examples",
        description="Fit a model to your examples and say how far to trust it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_examples(parser)
    _add_names(parser)
    _add_start(parser)
    parser.add_argument(
        "--budget", default=f"{DEFAULT_BUDGET:g}s", metavar="TIME", help="time it may take, e.g. 10m (the default)"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="the model folder (default: DATA-model here)")
    add_machine(parser)
    _add_evidence(parser)
    parser.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted fit into --out")
    parser.set_defaults(run=run)


def _add_names(parser: argparse.ArgumentParser) -> None:
    """Declare what is said of classes, and further targets."""
    parser.add_argument(
        "--labels",
        metavar="NAMES",
        help="names of the classes, with commas between, or a file of names and descriptions; with no labelled "
        "example they alone make the model (zero-shot)",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="TABLE:TARGET",
        help="a further table with a target of its own, learnt together (may be repeated)",
    )


def _add_start(parser: argparse.ArgumentParser) -> None:
    """Declare what a fit starts from, what may be lost of it, and how it is moved."""
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help="a backbone of `headstart models`, a folder (a finished model's too), or auto: what `headstart rank` "
        "picks",
    )
    parser.add_argument(
        "--old",
        metavar="DATA",
        help="old examples of the finished model that --backbone names: what tuning costs its task is measured",
    )
    parser.add_argument(
        "--forgetting", metavar="SHARE", help="the most that its task may lose in accuracy on them, e.g. 2%%"
    )
    parser.add_argument(
        "--frame",
        type=int,
        metavar="PIXELS",
        help="how large the network sees pictures: for boxes the side of a square of their area, for masks of "
        "classes their longer side (default: by the device and the pictures)",
    )
    add_choice(parser, f"with --backbone {AUTO}: ")
    parser.add_argument(
        "--strategy",
        metavar="NAME[:SETTING=VALUE,…]",
        help="feature_extraction, fine_tuning, low_rank, … (default: the ladder climbs from cheap to dear)",
    )


def _add_evidence(parser: argparse.ArgumentParser) -> None:
    """Declare what else is measured, and what operating points are to reach."""
    parser.add_argument(
        "--prove",
        action="store_true",
        help="also train the same network from random weights, to measure what transfer gave; takes up to the budget "
        "once more",
    )
    for figure, other in (("sensitivity", "specificity"), ("specificity", "sensitivity")):
        parser.add_argument(
            f"--{figure}",
            metavar="SHARE",
            help=f"operating points of at least this {figure} on held-out examples, e.g. 95%% (default: those of the "
            f"largest {figure} + {other})",
        )


def run(options: argparse.Namespace) -> None:
    """Fit, and say what came of it."""
    spec = replace(
        asked(options),
        backbone=options.backbone,
        strategy=options.strategy,
        budget=parse_duration(options.budget),
        out=options.out,
        resume=options.resume,
        prove=options.prove,
        labels=() if options.labels is None else tuple(read_names(options.labels)),
        also=tuple(options.also),
        **choice(options),
        old=options.old,
        frame=options.frame,
        forgetting=None if options.forgetting is None else parse_share(options.forgetting),
        sensitivity=None if options.sensitivity is None else parse_share(options.sensitivity),
        specificity=None if options.specificity is None else parse_share(options.specificity),
    )
    from headstart.core.files import finite
    from headstart.core.progress import Progress
    from headstart.experiment.fitting.flow import run as run_fit
    from headstart.experiment.unfinished import out_folder

    spec = out_folder(spec)
    try:
        model = run_fit(spec, Progress())
    except KeyboardInterrupt as interrupt:
        raise Interrupted(_interrupted(spec)) from interrupt
    if options.json:
        print(json.dumps(finite(model.result.to_json()), ensure_ascii=False))
    else:
        print(_summary(model, spec), flush=True)


def _interrupted(spec: FitSpec) -> str:
    """What is left of the fit: nothing before a first step, nor of a model made from names alone, which takes one."""
    from headstart.experiment.unfinished import asked_before

    if spec.out is not None and asked_before(spec.out):
        return f"interrupted. The same command with --out {spec.out} --resume goes on from here."
    return "interrupted before there was anything to go on from. The same command starts anew."


def _answers(told: FromNames) -> list[str]:
    """What a model made from names answered to unlabelled inputs."""
    shown = ", ".join(f"{_apart(label)} {100 * share:.0f} %" for label, share in list(told.shares.items())[:SHOWN])
    rest = f" and {len(told.shares) - SHOWN} more" if len(told.shares) > SHOWN else ""
    never = [label for label, share in told.shares.items() if not share]
    rarest = ", ".join(map(_apart, never[:SHOWN])) + (" …" if len(never) > SHOWN else "")
    silent = f" Never given: {rarest}." if never else ""
    return [
        f"Prompts: {', '.join(f'“{prompt}”' for prompt in told.prompts)}, with each name in the place of {{}}.",
        f"Answers: to {told.looked_at:,} unlabelled inputs: {shown}{rest}; mean probability "
        f"{told.confidence:.2f}, {told.margin:.2f} before the second.{silent}",
    ]


def _apart(label: str) -> str:
    """A label between commas."""
    return f"“{label}”" if "," in label else label


def _summary(model: Any, spec: FitSpec) -> str:
    from headstart.experiment.words import UNMEASURED, headline, next_step, together_or_alone

    result = model.result
    kept = next(rung for rung in result.rungs if rung.kept)
    judged = UNMEASURED if result.from_names else "test" if result.test else "validation"
    lines = [
        headline(model, judged),
        *(_answers(result.from_names) if result.from_names else []),
        f"Chosen:  {result.chosen} on {result.backbone}: {kept.reason}.",
        *([] if result.from_names else [f"Stopped: {result.stopped_because}."]),
        f"Took:    {say_taken(result.seconds.total, spec.budget)}.",
    ]
    lines += [f"{finding.severity.capitalize()}: {finding.summary}" for finding in result.findings]
    lines += [
        f"Next:    {next_step(model, spec)}",
        f"Model:   {spec.out}",
        f"Report:  {Path(str(spec.out)) / 'report.html'}",
        f"Use it:  headstart predict {spec.out} NEW_DATA -o predictions{'' if model.task.reads_maps else '.csv'}",
    ]
    head, *rest = map(_wrapped, lines)
    return "\n" + "\n".join([head, *together_or_alone(result, model.task.higher_is_better), *rest])


def _wrapped(line: str) -> str:
    """`line` broken to the width of the terminal, the rest indented; as it is where nobody looks at one."""
    if not sys.stdout.isatty():
        return line
    width = max(40, min(shutil.get_terminal_size().columns, 118))
    return textwrap.fill(line, width, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False)
