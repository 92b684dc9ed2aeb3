"""The model: a finished network with its task, preprocessing, calibration and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from headstart.core.device import choose_device
from headstart.core.errors import InputError
from headstart.core.names import read_names
from headstart.core.progress import Progress
from headstart.core.results import Figures
from headstart.core.spec import AUTO
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read_as
from headstart.delivery.answers import Answer, MaskPictures, no_guard
from headstart.delivery.boxed_pictures import BOXES, Boxed
from headstart.delivery.folder import Parts, read_folder, write_folder
from headstart.delivery.guard import Guard, NewExamples, Observed, probabilities
from headstart.delivery.guarded import COVERAGE, Care, Looked, guarded, label_sets, with_scores
from headstart.delivery.inference import Inference
from headstart.frozen.engines import ENGINES

if TYPE_CHECKING:
    from headstart.delivery.comparing import Comparison
    from headstart.delivery.judging import Judged


@dataclass
class Model(Parts):
    """What a fit hands back, and what :func:`load` reads: predicts, evaluates, saves itself.

    ``device`` and ``quiet`` say where it runs and whether it shows progress, ``engine`` by what: with ``auto``
    PyTorch at first, and a faster one as soon as the inputs pay for preparing it. Engines agree to about 1e-6, not
    to the last bit; ``eager`` never changes.
    """

    device: str = "auto"
    quiet: bool = True
    engine: str = AUTO

    def answer(self, data: Any, input: str | None = None, care: Care = Care()) -> Answer:  # noqa: B008
        """Predictions for anything that can be read: a folder, a table, a file, or a Python list.

        Beside ``label`` and ``probability``: the ``set`` of labels that holds the truth as often as ``care.coverage``
        asks, how ``unfamiliar`` each input is (higher is stranger), ``is_unfamiliar``, and the ids of the ``nearest``
        training examples; a model folder without a guard gives none of these.

        Parameters
        ----------
        input : the column of a table; without it the one of training, or one that is found.
        care : the coverage, and when to give no answer.

        Raises
        ------
        InputError : none could be read; each with its reason.
        UsageError : `care` asks for what this model has not.
        """
        guard, examples = self._guard_for(care), self._read(data, input, needs_targets=False)
        all_but_one = 1 - 1 / max(len(examples), 1)  # each answer stands for itself, however many others have none
        seen = self._inference.run(examples, guard.look if guard else None, all_but_one)
        predictions = care.answers(self.task, seen.outputs, self.calibration)
        if guard and seen.looked:
            looked = Looked(*(np.concatenate(parts) for parts in zip(*seen.looked, strict=True)))
            probable = probabilities(self.task, seen.outputs, self.calibration)
            predictions = guarded(predictions, probable, self.labels, guard, looked, care)
        pictures = MaskPictures(self.task, self.modality, seen) if self.task.draws else None
        inputs = self.modality, seen.examples.references, self.labels, seen.examples.numbers
        boxed = Boxed(*inputs) if BOXES in predictions.columns else None
        return Answer(list(seen.examples.ids), predictions, seen.set_aside, pictures, boxed)

    def predict(self, data: Any) -> list[Any]:
        """The predicted label (or number) of every input, in order.

        Raises
        ------
        InputError : an input cannot be read; all such are named.
        """
        return list(self.task.decode(self._all_outputs(data), self.calibration).columns["label"])

    def predict_proba(self, data: Any) -> np.ndarray:
        """Calibrated probabilities (N, C), in the order of :attr:`labels`."""
        return self.task.probabilities(self._all_outputs(data), self.calibration)

    def predict_sets(self, data: Any, coverage: float = COVERAGE) -> list[list[Any]]:
        """For every input the labels that cannot be excluded: the truth is among them as often as `coverage` asks.

        Split-conformal sets (Angelopoulos & Bates 2023, arXiv:2107.07511), for inputs that come from where the
        held-out examples came from. A set is empty where no label is likely enough, which happens when the model is
        right more often than `coverage`.

        Raises
        ------
        InputError : an input cannot be read; all such are named.
        UsageError : `coverage` is not between 0 and 1, or this model has no sets.
        """
        care, guard = Care(coverage), self._with_sets()
        held = label_sets(guard, self.predict_proba(data), care.coverage)
        return [[self.labels[place] for place in np.flatnonzero(row)] for row in held]

    def _with_sets(self) -> Guard:
        """The guard, by whose scores sets are made; raises ``UsageError`` where there is none, or it has none."""
        return with_scores(self.guard, self.task, adapted=bool((self.result.adaptation or {}).get("kept")))

    def compare(self, data: Any, input: str | None = None, seed: int = 0) -> Comparison:
        """How new data, labelled or not, differ from the held-out examples, and what accuracy to expect on them.

        Raises
        ------
        InputError : the data cannot be read, or are too few to compare.
        UsageError : the model folder holds no guard.
        """
        from headstart.delivery.comparing import check_enough, compare  # scipy's tests: half a second

        guard = self.needed_guard
        examples = self._read(data, input, needs_targets=False)
        check_enough(len(examples))
        seen, noun = self._observed(guard, examples), MODALITIES.load(self.modality)().noun
        self._progress.set_aside(seen.set_aside)
        return compare(self.task, self.calibration, guard, seen.new, noun, seed)

    def observe(self, data: Any, input: str | None = None) -> Observed:
        """New inputs as the network and the guard see them, in one run: features, outputs, how strange, what is near.

        Raises
        ------
        InputError : the data cannot be read, or more than a tenth of them.
        UsageError : the model folder holds no guard.
        """
        return self.observed(self.examples(data, input))

    def examples(self, data: Any, input: str | None = None) -> Examples:
        """What this model can be asked about, undecoded; targets are not needed.

        Raises
        ------
        InputError : it cannot be read, or holds inputs of another kind.
        """
        return self._read(data, input, needs_targets=False)

    def observed(self, examples: Examples) -> Observed:
        """As :meth:`observe`, of examples that were read already."""
        return self._observed(self.needed_guard, examples)

    def depth_features(self, examples: Examples) -> dict[str, np.ndarray]:
        """Features (N, D) of inputs, all readable, at each depth that the guard looks at."""
        depths = self.needed_guard.depths
        seen = self._inference.run(examples, lambda features: [features[name].float().numpy() for name in depths])
        parts = [np.concatenate(part) for part in zip(*seen.looked, strict=True)]
        return dict(zip(depths, parts, strict=True))

    @property
    def needed_guard(self) -> Guard:
        """The guard.

        Raises
        ------
        UsageError : the model folder holds none.
        """
        if self.guard is None:
            why = "This model folder holds no guard to compare with; fit it anew to have one."
            raise no_guard(self.task, why)
        return self.guard

    def evaluate(self, data: Any, input: str | None = None, target: str | None = None) -> Figures:
        """Figures with 95 % intervals on examples with targets.

        `input` and `target` are columns of a table; without them those of training, or ones that are found.

        Raises
        ------
        InputError : a target is missing or unknown; all such rows are named.
        """
        return self.judge(data, input, target).figures

    def judge(self, data: Any, input: str | None = None, target: str | None = None) -> Judged:
        """As :meth:`evaluate`, and how well each class is told from the rest."""
        from headstart.delivery.judging import answerable, judged

        computed = self._inference.run(answerable(self, self._read(data, input, target)))
        self._progress.set_aside(computed.set_aside)
        return judged(self, computed)

    def with_labels(self, labels: Any) -> Model:
        """This model with more labels, told apart by their names alone; nothing is trained, the old ones stay.

        Parameters
        ----------
        labels : as for :func:`headstart.fit`; one that the model has already stays as it is.

        Raises
        ------
        UsageError : the model cannot compare inputs with names; the message says why.
        """
        from headstart.delivery.more_labels import with_labels

        return with_labels(self, read_names(labels, fewest=1))

    def save(self, folder: str | Path) -> Path:
        """Write the model folder, whole or not at all; returns its path. A model there is replaced, nothing else."""
        write_folder(self, Path(folder))
        return Path(folder)

    @property
    def labels(self) -> list[Any]:
        """The labels it can predict, in the order of :meth:`predict_proba`; empty for numbers."""
        return list(self.task.describe().get("labels", []))

    @property
    def stack(self) -> int | None:
        """How many slices of a volume it takes; None where it takes files as they are."""
        return self.network.backbone.preprocess.stack

    def _guard_for(self, care: Care) -> Guard | None:
        """The guard, if there is one.

        Raises
        ------
        UsageError : there is none, and `care` cannot do without.
        """
        care.check(self.task)
        if self.guard is None and care.abstain:
            raise no_guard(
                self.task,
                "This model folder holds no guard, by which it could tell what is unfamiliar; fit it anew to have "
                "one. Abstaining below a probability works without.",
            )
        if care.coverage != COVERAGE:
            self._with_sets()
        return self.guard

    @property
    def _progress(self) -> Progress:
        return Progress(self.quiet)

    def _read(
        self, data: Any, input: str | None = None, target: str | None = None, needs_targets: bool = True
    ) -> Examples:
        kinds = self.task.finds_boxes, self.task.draws, self.task.outlines
        examples = read_as(self.modality, self.columns, data, input, target, needs_targets, self.stack, *kinds)
        for note in examples.notes:
            self._progress.say(f"  note: {note}")
        return examples

    def _observed(self, guard: Guard, examples: Examples) -> Observed:
        depths = guard.depths
        seen = self._inference.run(
            examples, lambda features: (*(features[name].float().numpy() for name in depths), *guard.look(features))
        )
        if not seen.looked:
            raise InputError(f"{examples.source or 'the input'} holds nothing to look at.")
        *by_depth, strange, nearest = (np.concatenate(parts) for parts in zip(*seen.looked, strict=True))
        *earlier, last = by_depth
        new = NewExamples(list(seen.examples.ids), last, seen.outputs, strange, nearest, earlier)
        return Observed(seen.examples, seen.set_aside, new)

    @cached_property
    def _inference(self) -> Inference:
        modality = MODALITIES.load(self.modality)()
        depths = self.guard.depths if self.guard else []
        device, progress = choose_device(self.device), self._progress
        return Inference(self.network, modality, device, self.engine, progress, depths, self.task.kept)

    def __getstate__(self) -> dict[str, Any]:
        """Without the prepared engine, which belongs to this process."""
        return {name: value for name, value in vars(self).items() if name != "_inference"}

    def _all_outputs(self, data: Any) -> Tensor:
        computed = self._inference.run(self._read(data, needs_targets=False))
        if computed.set_aside:
            raise InputError(computed.set_aside, f"{len(computed.set_aside)} inputs could not be read:")
        return computed.outputs


def load(folder: str | Path, device: str = "auto", engine: str = AUTO) -> Model:
    """The model in `folder`; nothing in it is run or unpickled.

    `engine` names what runs it; ``auto`` for the fastest that pays.

    Raises
    ------
    InputError : no model folder, a newer format, or a damaged file; the message says which and what to do.
    UsageError : no such device or engine.
    """
    choose_device(device)
    if engine != AUTO:
        ENGINES.load(engine)
    return Model(**vars(read_folder(Path(folder))), device=device, engine=engine)
