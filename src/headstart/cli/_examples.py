"""What commands that read examples with targets have in common: where these are, and how they are looked at."""

from __future__ import annotations

import argparse

from headstart.core.spec import ANEW, GIVEN, FitSpec


def add_examples(parser: argparse.ArgumentParser) -> None:
    """Declare the source data, and what is said of it."""
    parser.add_argument("data", help="a folder, a table (CSV, TSV, JSONL, Parquet), or a dataset name")
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or file paths (default: found)")
    parser.add_argument("--target", metavar="COLUMN", help="the column to predict, or several: a,b,c")
    parser.add_argument(
        "--group", metavar="COLUMN", help="rows of one group stay in one split (patients, authors); auto: inferred"
    )
    parser.add_argument(
        "--split",
        choices=[GIVEN, ANEW],
        default=GIVEN,
        help="splits that the data give are kept (the default), or dropped and the examples divided anew",
    )
    parser.add_argument("--task", help="classification, multi_label or regression (default: found in the data)")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Declare the seed, and what computes."""
    parser.add_argument("--seed", type=int, default=0, help="same seed, same splits and figures (default: 0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument(
        "--engine", default="auto", metavar="NAME", help="what runs the frozen part (default: the fastest in a trial)"
    )


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
    )
