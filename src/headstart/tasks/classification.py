"""Classification: every example belongs to one of C classes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.by_class import ByClass, Wanted
from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.names import Name, are_words, check_known
from headstart.core.results import Figures
from headstart.core.statistics import wilson
from headstart.core.targets import plain
from headstart.core.trade_offs import TradeOff
from headstart.tasks import _against_rest
from headstart.tasks._refusals import only_values
from headstart.tasks._resampling import Measure, bootstrapped, to_array, with_width
from headstart.tasks._targets import as_number, is_missing, kind_of, looks_measured
from headstart.tasks._temperature import fit_temperature
from headstart.tasks.base import Part, Predictions, Task
from headstart.tasks.figures import class_figures

EQUAL_CLASSES = 1.5
"""Classes count as equally common while the largest is less than this many times the smallest."""


class Classification(Task):
    """One class per example.

    Parameters
    ----------
    labels : C classes as the person wrote them (strings, ints or booleans), in the order of the outputs.
    counts : C training examples of each.
    meanings : what labels mean, in words, where a person said so; their names then count as words whatever they are.
    """

    name = "classification"
    noun, one_class = "class", True
    higher_is_better: ClassVar[Mapping[str, bool]] = {
        "accuracy": True,
        "balanced_accuracy": True,
        "macro_f1": True,
        "log_loss": False,
        "calibration_error": False,
    }

    def __init__(
        self, labels: Sequence[Any], counts: Sequence[int], meanings: Mapping[str, str] | None = None
    ) -> None:
        self.labels, self.counts = list(labels), list(counts)
        self.meanings = None if meanings is None else dict(meanings)
        # By text, because the same class is 3 in one file and "3" in another.
        self._places = {str(label): place for place, label in enumerate(self.labels)}

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        present = [plain(target) for target in targets if not is_missing(target)]
        if not present:
            return 0.0, "there are no targets"
        if any(kind_of(target) in ("list", "several") for target in present):
            return 0.0, "a target is a list, not one class"
        if any(kind_of(target) == "boxes" for target in present):
            return 0.0, "a target is boxes in a picture, not one class"
        if len({_writing(target) for target in present}) > 1:
            return 0.0, "numbers and words are mixed"
        numbers = [as_number(target) for target in present]
        classes = len({str(target) for target in present})
        if all(n is not None for n in numbers) and looks_measured([n for n in numbers if n is not None]):
            return 0.1, f"{classes} different numbers, each taken as a class"
        if len(present) >= 20 and classes > len(present) / 2:
            return 0.0, f"almost every target is different ({classes} of {len(present)})"
        return 0.8, f"{classes} classes found"

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> Classification:
        if missing := sum(is_missing(target) for target in targets):
            raise InputError(f"{missing} of {len(targets)} targets are missing; classification needs one each.")
        if any(kind_of(target) == "list" for target in targets):
            raise InputError(
                "A target is a list of labels. Classification takes one class each; try --task multi_label."
            )
        only_values(targets, "Classification takes one class each.")
        counts = Counter(str(plain(target)) for target in targets)
        labels = {str(plain(target)): plain(target) for target in targets}
        if len(labels) < 2:
            seen = f"all {len(targets)} targets are {next(iter(labels))!r}" if labels else "there are none"
            raise InputError(f"Classification needs at least two classes, but {seen}.")
        order = sorted(labels, key=lambda text: (isinstance(labels[text], str), labels[text]))
        return cls([labels[text] for text in order], [counts[text] for text in order])

    def describe(self) -> dict[str, Any]:
        known = {} if self.meanings is None else {"meanings": self.meanings}
        return {"name": self.name, "labels": self.labels, "counts": self.counts, **known}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Classification:
        return cls(description["labels"], description["counts"], description.get("meanings"))

    @classmethod
    def of_names(cls, names: Sequence[Name]) -> Classification:
        """Classes without any example."""
        return cls([name.label for name in names], [0] * len(names), {name.label: name.description for name in names})

    def extended(self, targets: Sequence[Any]) -> Classification:
        if any(kind_of(target) == "list" for target in targets):
            raise InputError("A target is a list of labels; this model predicts one class each.")
        only_values(targets, "This model predicts one class each.", "Name the column of the class, --target.")
        counts = Counter(str(plain(target)) for target in targets if not is_missing(target))
        new = {str(plain(t)): plain(t) for t in targets if not is_missing(t) and str(plain(t)) not in self._places}
        order = sorted(new, key=lambda text: (isinstance(new[text], str), new[text]))
        before = [count + counts[str(label)] for label, count in zip(self.labels, self.counts, strict=True)]
        labels = [*self.labels, *(new[text] for text in order)]
        return Classification(labels, before + [counts[text] for text in order], self.meanings)

    @property
    def outputs(self) -> int:
        return len(self.labels)

    def named(self) -> list[Name] | None:
        said = [self.say(label) for label in self.labels]
        if self.meanings is None and not are_words(said):
            return None
        return [Name(label, (self.meanings or {}).get(label, "")) for label in said]

    def with_more_names(self, names: Sequence[Name]) -> Classification:
        new = {name.label: name.description for name in names}
        meanings = None if self.meanings is None and are_words(new) else {**(self.meanings or {}), **new}
        return Classification([*self.labels, *new], [*self.counts, *(0 for _ in new)], meanings)

    def with_names(self, names: Sequence[Name]) -> Classification:
        check_known(map(self.say, self.labels), names)
        return Classification(self.labels, self.counts, {name.label: name.description for name in names})

    def problem(self, target: Any) -> str | None:
        if is_missing(target):
            return "the class is missing"
        text = str(plain(target))
        if text in self._places:
            return None
        return f"the class {text!r} was not among the {self.outputs} of training.{nearest(text, self._places)}"

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N,) int64 places in ``labels``. Raises ``InputError`` when a class is unknown."""
        if problems := [found for found in map(self.problem, targets) if found]:
            raise InputError(f"{len(problems)} of {len(targets)} targets cannot be used: {problems[0]}")
        return torch.tensor([self._places[str(plain(target))] for target in targets], dtype=torch.long)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, Σ w l / N. Divided by N and not by Σ w, so that it is linear in the weights."""
        losses = functional.cross_entropy(outputs, encoded, reduction="none", label_smoothing=smoothing)
        return losses.mean() if weights is None else (weights * losses).mean()

    def balance(self, encoded: Tensor) -> Tensor:
        """Weights ∝ 1 / √count of the example's class.

        The square root (Mahajan et al. 2018, "Exploring the limits of weakly supervised pretraining") lifts
        rare classes without letting a handful of examples outvote the rest, as full inverse counts would.
        """
        weights = torch.bincount(encoded, minlength=self.outputs).float().rsqrt()[encoded]
        return weights / weights.mean()

    def narrowed(self, encoded: Tensor, most: int, seed: int) -> Part:
        """Some of the classes, drawn at random: a share of them has that share of the examples."""
        share = math.sqrt(most / max(len(encoded) * self.outputs, 1))
        if share >= 1:
            return super().narrowed(encoded, most, seed)
        drawn = np.random.default_rng(seed).permutation(self.outputs)[: max(2, round(share * self.outputs))]
        kept = sorted(drawn.tolist())
        places = torch.full((self.outputs,), -1).index_copy(0, torch.tensor(kept), torch.arange(len(kept)))
        rows = places[encoded] >= 0
        part = Classification([self.labels[i] for i in kept], [self.counts[i] for i in kept])
        return Part("", part, slice(0, part.outputs), places[encoded], rows)

    def strata(self, targets: Sequence[Any]) -> list[str]:
        return [self.say(target) for target in targets]

    @property
    def watched(self) -> str:
        """Accuracy when classes are about equally common, else macro-F1, which a lost rare class shows in."""
        equal = max(self.counts) < EQUAL_CLASSES * min(self.counts) or not any(self.counts)
        return "accuracy" if equal else "macro_f1"

    @property
    def guarded(self) -> tuple[str, ...]:
        return ("accuracy", "macro_f1")

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        n = len(encoded)
        right = wilson(int((outputs.argmax(dim=1) == encoded).sum()), n)
        figures = {name: bootstrapped(self._measure(name, outputs, encoded), n) for name in _FIGURES}
        return with_width(figures, right, self.higher_is_better) | {"accuracy": right}

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        return self._measure(name, outputs, encoded)(draws)

    def _measure(self, name: str, outputs: Tensor, encoded: Tensor) -> Measure:
        if name not in _FIGURES:
            raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, _FIGURES)} It has {list(_FIGURES)}.")
        return _FIGURES[name](to_array(functional.log_softmax(outputs.double(), dim=1)), to_array(encoded))

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """The probability given to the class predicted, where that class is wrong."""
        sure, predicted = functional.softmax(outputs.double(), dim=1).max(dim=1)
        return to_array(torch.where(predicted == encoded, 0.0, sure))

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """``temperature``: outputs are divided by it; ``threshold_0`` …: of each class's operating point."""
        logits, truth = outputs.detach().double(), encoded

        def loss(temperature: float, doubt: float) -> float:
            smoothing = doubt * self.outputs / (self.outputs - 1)
            return float(self.loss(logits / temperature, truth, smoothing=smoothing))

        temperature = fit_temperature(loss, len(truth))
        sure = to_array(functional.softmax(logits / temperature, dim=1))
        return {"temperature": temperature, **_against_rest.thresholds(sure, self._members(truth))}

    def _members(self, encoded: Tensor) -> np.ndarray:
        """(N, C) booleans: which class each example belongs to."""
        return to_array(encoded)[:, None] == np.arange(self.outputs)

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        return outputs / calibration.get("temperature", 1.0)

    def probabilities(self, outputs: Tensor, calibration: Mapping[str, float]) -> np.ndarray:
        return to_array(functional.softmax(self.calibrated(outputs.double(), calibration), dim=1))

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        probabilities = self.probabilities(outputs, calibration)
        places = probabilities.argmax(axis=1)
        sure = probabilities.max(axis=1)
        return Predictions({"label": [self.labels[place] for place in places], "probability": sure.tolist()})

    def confusion(self, outputs: Tensor, encoded: Tensor) -> tuple[list[str], np.ndarray]:
        cells = encoded * self.outputs + outputs.argmax(dim=1)
        counts = torch.bincount(cells, minlength=self.outputs**2)
        return list(self._places), to_array(counts).reshape(self.outputs, self.outputs)

    def per_label(self, outputs: Tensor, encoded: Tensor) -> list[dict[str, Any]]:
        names, matrix = self.confusion(outputs, encoded)
        return class_figures.rows(names, np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0))

    def trade_offs(self, outputs: Tensor, encoded: Tensor) -> list[TradeOff]:
        """Of two classes; of more the largest probability decides, and no threshold."""
        if self.outputs != 2:
            return []
        sure = to_array(functional.softmax(outputs.double(), dim=1))
        taken = self._members(outputs.argmax(dim=1))
        return _against_rest.trade_offs(list(self._places), sure, self._members(encoded), taken)

    def operating_points(self, outputs: Tensor, encoded: Tensor, wanted: Wanted) -> dict[str, float]:
        sure = to_array(functional.softmax(outputs.double(), dim=1))
        return _against_rest.wanted_thresholds(sure, self._members(encoded), wanted)

    def by_class(self, outputs: Tensor, encoded: Tensor, calibration: Mapping[str, float]) -> ByClass | None:
        sure = to_array(functional.softmax(outputs.double(), dim=1))
        predicted = self._members(outputs.argmax(dim=1))
        return _against_rest.by_class(list(self._places), sure, self._members(encoded), predicted, calibration)

    def say(self, target: Any) -> str:
        return str(plain(target))


_FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], Measure]] = {
    "accuracy": class_figures.accuracy,
    "balanced_accuracy": class_figures.balanced_accuracy,
    "macro_f1": class_figures.macro_f1,
    "log_loss": class_figures.log_loss,
    "calibration_error": class_figures.calibration_error,
}


def _writing(target: Any) -> str:
    """How a target is written: numbers, words and yes-or-no do not mix within one set of classes."""
    if isinstance(target, bool):
        return "bool"
    return "number" if isinstance(target, int | float) else type(target).__name__
