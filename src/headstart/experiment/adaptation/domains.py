"""Gathers what an adaptation works with: features of the old and the new domain, further sources, a few labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from headstart.adaptations.base import Domains
from headstart.core.errors import InputError, Problem, UsageError, nearest
from headstart.core.labelling import copies_of
from headstart.core.paths import expanded
from headstart.core.progress import Progress
from headstart.core.targets import plain
from headstart.data.examples import Examples
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.delivery.artifact import Model
from headstart.delivery.guard import Observed, half
from headstart.delivery.provenance import ADAPTED_BY
from headstart.experiment.adaptation.bench import deep_of
from headstart.experiment.adaptation.clock import Clock
from headstart.experiment.adaptation.inputs import NewInputs, joined_depths, old_features, read_depths, seen_at_depths
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks.base import Task

if TYPE_CHECKING:
    from headstart.experiment.adaptation.adapting import Wish

MOST_SOURCE = 5000
"""At most so many source examples are learnt from."""

NAMED = 20
"""Labels of a model that are listed."""

ID, LABEL = "id", "label"

Labelled = dict[int, Any]
"""The place of a new input → the raw label that a person gave it."""


def domains_of(
    model: Model,
    new: NewInputs,
    wish: Wish,
    labelled: Labelled | None,
    clock: Clock,
    progress: Progress,
    further: Sequence[Examples] = (),
) -> Domains:
    """The two domains of an adaptation. What the model keeps of its examples and a further source holds too counts
    once: else a head's penalty would be chosen by examples that it has learnt.

    Parameters
    ----------
    further : what :func:`labelled_source` has read of each of the wish's sources.
    """
    names, old = read_depths(model), old_features(model)
    features, classes = [joined_depths(old, names)], [model.needed_guard.classes]
    sources: list[tuple[Examples, np.ndarray]] = []
    for given in further:
        examples, more, theirs = _seen(model, given, progress)
        progress.say(f"Read {len(more)} further source examples.")
        features.append(more)
        classes.append(theirs)
        sources.append((examples, theirs))
    if sources:
        once = ~copies_of(half(torch.from_numpy(np.concatenate(features[1:]))), features[0])
        features[0], classes[0] = features[0][once], classes[0][once]
    origins = np.repeat(np.arange(len(features)), [len(part) for part in features])
    source, known = np.concatenate(features), np.concatenate(classes)
    places = np.array(sorted(labelled or {}), dtype=np.int64)
    return Domains(
        task=model.task,
        network=model.network,
        source=source,
        classes=known,
        origins=origins,
        target=joined_depths(new.features, names),
        outputs=new.observed.new.outputs.float(),
        strength=_strength(model.task, source, known, wish.seed),
        temperature=float(model.calibration.get("temperature", 1.0)),
        seed=wish.seed,
        labelled=places,
        classes_given=_encoded(model.task, places, labelled or {}),
        deep=deep_of(model, new.observed.examples, sources, wish.seed, clock, progress) if wish.deep else None,
        widths=tuple(old[name].shape[1] for name in names),
        shares=shares_of(model, classes),
    )


def shares_of(model: Model, classes: Sequence[np.ndarray]) -> np.ndarray:
    """(C,) how common each class is in the old domains, of which the guard's and those of further sources are given.

    The guard keeps only some examples of a common class and all of a rare one; the task has counted all. Its count
    says nothing of what the guard of an adapted model keeps.
    """
    own, *further = (np.bincount(each, minlength=model.task.outputs).astype(float) for each in classes)
    counts = np.array(model.task.describe().get("counts", ()), dtype=float)
    if len(counts) == len(own) and counts.sum() and ADAPTED_BY not in model.provenance:
        own = own.sum() * counts / counts.sum()
    every = own + sum(further)
    return np.asarray(every / every.sum())


def _encoded(task: Task, places: np.ndarray, labelled: Labelled) -> np.ndarray:
    """The classes (k,) of labelled places."""
    return task.encode([labelled[int(place)] for place in places]).numpy() if len(places) else places


def given_labels(frame: Any, table: Any, observed: Observed, task: Task) -> Labelled:
    """The labels in the `frame` of a `table`, by the place of the input that they belong to.

    A row without a label is left out: so the list of ``headstart label`` may be filled in part by part. An id is
    what `headstart predict` or `headstart label` call the input, or the end of its path.

    Raises
    ------
    InputError : an id that is none of the new inputs, an unknown label, or two for one input, all together; or no
        label at all.
    """
    found: Labelled = {}
    problems, unknown = [], 0
    names = {name: place for place, name in enumerate(observed.new.ids)}
    for row, (name, label) in enumerate(zip(frame[ID], frame[LABEL], strict=True), start=2):
        if not label.strip():
            continue
        place = names.get(name.strip())
        place = _by_ending(name.strip(), names) if place is None else place
        if place is None:
            hint = nearest(name, names).strip() or (f"an id looks like {next(iter(names))!r}" if not unknown else "")
            unknown += 1
            problems.append(Problem(f"row {row}", f"{name!r} is none of the new inputs", hint))
        elif what := task.problem(label.strip()):
            problems.append(Problem(f"row {row}", what))
        elif found.get(place, label.strip()) != label.strip():
            problems.append(Problem(f"row {row}", f"{name!r} is {found[place]!r} in a row above, and {label!r} here"))
        else:
            found[place] = label.strip()
    if problems:
        raise InputError(problems, f"{len(problems)} labels cannot be used:")
    if not found:
        raise InputError(f"{_named(table)}: no row has a label; fill the column {LABEL!r} of a few rows.")
    return found


def _by_ending(name: str, names: dict[str, int]) -> int | None:
    """The one input whose name ends in `name` or in which `name` ends, where there is just one."""
    if not name:
        return None
    ends = [place for own, place in names.items() if own.endswith("/" + name) or name.endswith("/" + own)]
    return ends[0] if len(ends) == 1 else None


def table_of_labels(table: Any) -> Any:
    """A table with the columns ``id`` and ``label``, as strings.

    Raises
    ------
    InputError : it cannot be read, or lacks a column.
    """
    import pandas

    if isinstance(table, str | Path):
        path = expanded(table)
        if not path.is_file():
            siblings = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
            raise InputError(f"There is no table {path}.{nearest(path.name, siblings)}")
        try:
            frame = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except (ValueError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not readable as a CSV file ({error}).") from error
    elif isinstance(table, pandas.DataFrame):
        frame = table.astype(object).where(table.notna(), "").map(lambda cell: str(plain(cell)))
    else:
        frame = pandas.DataFrame(dict(table).items(), columns=[ID, LABEL]).astype(str)
    missing = [name for name in (ID, LABEL) if name not in frame.columns]
    if missing:
        raise InputError(
            f"{_named(table)}: the column{'s' if len(missing) > 1 else ''} {' and '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing; it has {', '.join(map(str, frame.columns))}. "
            "`headstart label MODEL DATA --out next.csv` writes such a table."
        )
    return frame


def _named(table: Any) -> str:
    """What a table is called in a message."""
    return str(table) if isinstance(table, str | Path) else "the table of labels"


def _seen(model: Model, source: Examples, progress: Progress) -> tuple[Examples, np.ndarray, np.ndarray]:
    """The readable examples of a further source, what the head reads of them (n, D), and their classes (n,)."""
    seen = seen_at_depths(model, source, progress)
    readable = seen.observed.examples
    classes = model.task.encode(list(readable.targets or [])).numpy()
    return readable, joined_depths(seen.features, read_depths(model)), classes


def labelled_source(model: Model, source: Any, input: str | None) -> Examples:
    """The examples of a further source, at most so many, undecoded.

    Raises
    ------
    InputError : they cannot be read, hold no labels, or other ones than the model's.
    UsageError : they are inputs of another kind.
    """
    usual = {role: name for role, name in model.columns.items() if name and role != "group"}
    examples = read(Request(source, input, None, stack=model.stack, fits=False, usual=usual))
    if examples.targets is None:
        raise InputError(f"{source} holds no labels; a source must have them.")
    if problems := model.task.problems(examples.ids, list(examples.targets)):
        raise InputError(
            _each_once(problems), f"{len(problems)} targets of {source} do not fit this model{_known(model)}:"
        )
    if len(examples) > MOST_SOURCE:
        rows = np.sort(np.random.default_rng(0).permutation(len(examples))[:MOST_SOURCE])
        examples = examples.select(rows.tolist())
    if examples.modality != model.modality:
        raise UsageError(f"This model takes {model.modality} inputs; {source} holds {examples.modality}.")
    return examples


def _each_once(problems: Sequence[Problem]) -> list[Problem]:
    """Each thing that is wrong once, with how often it is and where first."""
    counts = Counter(problem.what for problem in problems)
    first = {problem.what: problem for problem in reversed(problems)}
    return [
        replace(first[what], where=f"{first[what].where} and {count - 1} more" if count > 1 else first[what].where)
        for what, count in counts.items()
    ]


def _known(model: Model) -> str:
    """The labels of `model`, some of them where there are many."""
    names = ", ".join(map(str, model.labels[:NAMED]))
    return f", which knows {names}{' …' if len(model.labels) > NAMED else ''}"


def _strength(task: Task, source: np.ndarray, classes: np.ndarray, seed: int) -> float:
    """The inverse penalty with which a head on the source examples has the least held-out loss."""
    weights = task.balance(torch.from_numpy(classes)).float()
    return fit_linear_head(task, torch.from_numpy(source), torch.from_numpy(classes), weights, seed).strength
