"""``headstart predict``: labels with calibrated probabilities for new inputs, and how far to trust each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.delivery.artifact import Model
    from headstart.delivery.guard import Guard
    from headstart.tasks.base import Predictions


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("predict", help="predict new inputs", description="Predict new inputs with a model.")
    parser.add_argument("model", help="a model folder; with --labels also a backbone that knows words")
    parser.add_argument("data", help="a folder of files, one file, or a table")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PATH",
        help="predictions.csv, .jsonl or .parquet; for masks and boxes also a new folder",
    )
    parser.add_argument("--input", metavar="COLUMN", help="the column of texts or paths, if not the one of training")
    parser.add_argument(
        "--coverage",
        type=float,
        default=0.9,
        metavar="SHARE",
        help="how often a set holds the true label (0.9); it is empty where no label is likely enough for that",
    )
    parser.add_argument(
        "--abstain",
        action="store_true",
        help="no answer where the input is unfamiliar, or the set holds several labels or none",
    )
    parser.add_argument(
        "--abstain-below", type=float, metavar="P", help="no answer where the probability is less than P"
    )
    parser.add_argument(
        "--least",
        type=float,
        metavar="SCORE",
        help="boxes from this score on; 0 for all that `evaluate` judges (default: from where F1 was best)",
    )
    parser.add_argument(
        "--labels",
        metavar="NAMES",
        help="further labels, told apart by their names without training: with commas between, or a file of names "
        "and descriptions",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Predict and write, or print, one row an input."""
    from headstart.core.out_folders import check_out
    from headstart.core.progress import Progress
    from headstart.delivery.answers import write_pictures
    from headstart.delivery.artifact import load
    from headstart.delivery.guarded import Care
    from headstart.delivery.predictions import check_target, csv_text, write_predictions

    folder = options.out if options.out and not options.out.suffix else None
    if folder:
        check_out(folder)
    elif options.out:
        check_target(options.out)
    care = Care(options.coverage, options.abstain, options.abstain_below, options.least)
    asks_more = options.labels is not None
    model, added = _with_labels(options) if asks_more else (load(Path(options.model), options.device), False)
    model.quiet = False
    if folder and not model.task.reads_maps:
        check_target(folder)
    answer = model.answer(options.data, options.input, care)
    progress = Progress()
    progress.set_aside(answer.set_aside)
    if asks_more and not added:
        progress.say("  note: nothing was added: the model knows all that --labels names")
    for note in _notes(model, answer.predictions, added, options.coverage):
        progress.say(f"  note: {note}")
    if folder:
        write_pictures(folder, answer)
        progress.say(f"{len(answer.ids)} answers and their table in {folder}")
    elif options.out:
        write_predictions(options.out, answer.ids, answer.predictions)
        progress.say(f"{len(answer.ids)} predictions in {options.out}")
    else:
        sys.stdout.write(csv_text(answer.ids, answer.predictions))


def _with_labels(options: argparse.Namespace) -> tuple[Model, bool]:
    """The model with further labels, or a backbone with these alone; and whether any is new to it."""
    from headstart.backbones import load as load_backbone
    from headstart.core.names import read_names
    from headstart.delivery.artifact import load
    from headstart.delivery.folder import is_model_folder
    from headstart.experiment.fitting.from_names import model_from_names

    folder = Path(options.model)
    if is_model_folder(folder):
        model = load(folder, options.device)
        more = model.with_labels(options.labels)
        return more, len(more.labels) > len(model.labels)
    return model_from_names(load_backbone(options.model), read_names(options.labels), options.device), True


def _notes(model: Model, predictions: Predictions, labelled: bool, coverage: float) -> Sequence[str]:
    """What a person should know about the labels and the columns of the guard."""
    from headstart.delivery.provenance import PROMPTS

    if labelled:
        prompts = ", ".join(f"“{prompt}”" for prompt in model.provenance.get(PROMPTS, model.network.backbone.prompts))
        told = f"told apart by names in {prompts}; the probabilities are not calibrated"
        return [told, *(_of_guard(model.guard, predictions, coverage) if model.guard else ())]
    if model.guard:
        return _of_guard(model.guard, predictions, coverage)
    if model.task.reads_maps:
        return []
    return ["this model folder holds no guard, so the columns set and unfamiliar are left out; fit it anew"]


def _of_guard(guard: Guard, predictions: Predictions, coverage: float) -> Sequence[str]:
    """How many are unfamiliar, have an empty set, or are left without an answer."""
    from headstart.model.novelty import LEVEL

    count, columns = len(predictions), predictions.columns
    notes = []
    if strange := sum(columns["is_unfamiliar"]):
        notes.append(
            f"{strange} of {count} are unfamiliar: above {guard.threshold:.2f}, where only "
            f"{100 * (1 - LEVEL):.0f} % of the {guard.reference} examples were"
        )
    # Where several labels may be true together, none may be true as well, and an empty set says just that.
    if empty := sum(not held for held in columns.get("set", ()) if len(guard.classes)):
        notes.append(
            f"{empty} of {count} sets are empty: no label is as likely as sets ask for that hold the truth "
            f"{100 * coverage:g} % of the time; look at those yourself"
        )
    if silent := sum(label is None for label in columns["label"]):
        notes.append(f"no answer for {silent} of {count}; their rows are there, with an empty label")
    return notes
