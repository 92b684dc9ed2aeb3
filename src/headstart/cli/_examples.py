"""What commands that read examples with targets have in common: where these are, and how they are looked at."""

from __future__ import annotations

import argparse
from typing import Any

from headstart.core.counts import parse_count
from headstart.core.spec import ANEW, GIVEN, FitSpec


def add_examples(parser: argparse.ArgumentParser) -> None:
    """Declare the source data, and what is said of it."""
    parser.add_argument("data", help="a folder, a table (CSV, TSV, JSON, Parquet), or a dataset name")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or file paths (default: found)")
    parser.add_argument("--target", metavar="COLUMN", help="the column to predict, or several: a,b,c")
    parser.add_argument(
        "--group",
        metavar="COLUMN",
        help="rows of one group stay in one split (authors, say); auto: inferred; none: not even patients, who do by "
        "default where a file, its name or a column tells them",
    )
    parser.add_argument(
        "--split",
        choices=[GIVEN, ANEW],
        default=GIVEN,
        help="splits that the data give are kept (the default), or dropped and the examples divided anew",
    )
    parser.add_argument(
        "--stack",
        type=int,
        metavar="SLICES",
        help="of a DICOM series (its files in one folder are one example then) or a NIfTI volume, so many "
        "neighbouring slices as the channels of an example, e.g. 5",
    )
    parser.add_argument("--task", help="classification, multi_label, regression, instances, … (default: found)")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Declare the seed, and what computes."""
    parser.add_argument("--seed", type=int, default=0, help="same seed, same splits and figures (default: 0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument(
        "--engine", default="auto", metavar="NAME", help="what runs the frozen part (default: the fastest in a trial)"
    )


def add_choice(parser: argparse.ArgumentParser, when: str = "") -> None:
    """Declare which backbones are chosen from; `when` says where that counts."""
    parser.add_argument(
        "--backbones",
        metavar="NAMES",
        help=f"{when}names or folders to choose from, with commas between; downloaded where not at hand",
    )
    parser.add_argument(
        "--hub", action="store_true", help=f"{when}also those that are worth a download (see models --all)"
    )
    parser.add_argument("--most-parameters", metavar="COUNT", help=f"{when}no larger ones, e.g. 30M")


def choice(options: argparse.Namespace) -> dict[str, Any]:
    """What was said of them, by the names that a :class:`FitSpec` has for it."""
    most = parse_count(options.most_parameters) if options.most_parameters else None
    return {"backbones": listed(options.backbones), "hub": options.hub, "most_parameters": most}


def listed(given: str | None) -> tuple[str, ...]:
    """Names that were given with commas between."""
    return tuple(name.strip() for name in (given or "").split(",") if name.strip())


def asked(options: argparse.Namespace) -> FitSpec:
    """What was said of them, all else as it is by default."""
    return FitSpec(
        data=options.data,
        input=options.input,
        target=options.target,
        group=options.group,
        task=options.task,
        seed=options.seed,
        device=options.device,
        engine=options.engine,
        split=options.split,
        stack=options.stack,
    )
