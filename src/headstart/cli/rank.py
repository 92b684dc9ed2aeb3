"""``headstart rank``: which backbone suits some examples best, told without fitting any."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headstart.cli._examples import add_choice, add_examples, add_machine, asked, choice, listed
from headstart.core.counts import say_count
from headstart.core.timing import parse_duration, say_taken

if TYPE_CHECKING:
    from headstart.experiment.selection.selector import Ranking

EPILOG = """examples:
  headstart rank photos/                              all backbones at hand
  headstart rank reviews.csv --target label --json    for a pipeline
  headstart rank photos/ --backbones timm/resnet50,models/mine --most-parameters 30M
  headstart fit photos/ --backbone auto               rank, then fit the one that is picked
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "rank",
        help="choose a backbone",
        description="Rank the backbones at hand for your examples, by cross-validated heads on their features.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_examples(parser)
    add_choice(parser)
    parser.add_argument("--budget", default="2m", metavar="TIME", help="time it may take (default: 2m)")
    parser.add_argument(
        "--scores", metavar="NAMES", help="transferability scores to show beside, with commas between, or all"
    )
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="the ranking as one JSON object on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Rank, and say what is picked and why."""
    from headstart.core.files import finite
    from headstart.core.progress import Progress
    from headstart.experiment.selection.candidates import Wanted
    from headstart.experiment.selection.ranking import carry_out

    spec = replace(asked(options), budget=parse_duration(options.budget))
    chosen = choice(options)
    wanted = Wanted(chosen["backbones"], chosen["hub"], chosen["most_parameters"])
    ranking = carry_out(spec, wanted, listed(options.scores), Progress())
    if options.json:
        print(json.dumps(finite(ranking.to_json()), ensure_ascii=False))
    else:
        more = [] if wanted.named or wanted.hub else more_of(ranking)
        print("\n".join([*table(ranking), "", *conclusion(ranking, options.data, spec.budget), *more]))


def table(ranking: Ranking) -> list[str]:
    """A line for each candidate, the pick marked."""
    from headstart.delivery.writing import figure_interval, figure_name, figure_value

    names = sorted({name for one in ranking.candidates for name in one.scores})
    head = ["", "backbone", figure_name(ranking.figure), "95 % interval", "examples", "seconds", "parameters"]
    rows = [[*head, "static list", *names, ""]]
    for one in ranking.candidates:
        written = (ranking.figure, one.score, ranking.higher_is_better)
        rows.append(
            [
                ">" if one.backbone == ranking.pick else "", one.backbone, figure_value(*written),
                figure_interval(*written), f"{one.examples:,}", f"{one.seconds:.1f}", say_count(one.parameters),
                str(one.static_rank), *(f"{one.scores[name]:z.3f}" if name in one.scores else "-" for name in names),
                one.out,
            ]
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def conclusion(ranking: Ranking, data: str, budget: float = math.inf) -> list[str]:
    """What is picked and why, what the static list would have picked, and what to do next."""
    same = ranking.static_pick == ranking.pick
    static = "the same" if same else ranking.static_pick
    left_out = [f"Left out:    {one.backbone}: {one.why}." for one in ranking.left_out]
    return [
        f"Pick:        {ranking.pick}: {ranking.why}.",
        f"Static list: {static}, {ranking.listed}.",
        *left_out,
        *(f"No score:    {sentence}." for sentence in ranking.silent),
        f"Took:        {say_taken(ranking.seconds, budget)}; it ended because {ranking.settled}.",
        f"Next:        headstart fit {shlex.quote(data)} --backbone {shlex.quote(ranking.given)}",
    ]


def more_of(ranking: Ranking) -> list[str]:
    """How more are ranked, where only one was at hand."""
    if len(ranking.candidates) + len(ranking.left_out) > 1:
        return []
    return ["More:        only one is at hand; --hub ranks those to download too, and --backbones names and folders."]
