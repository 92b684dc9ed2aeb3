"""Several labels per example: any number of C labels, none included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.by_class import ByClass, Wanted
from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.results import Figures
from headstart.core.statistics import wilson
from headstart.core.trade_offs import TradeOff
from headstart.tasks import _against_rest, _label_sets
from headstart.tasks._refusals import only_values
from headstart.tasks._resampling import Measure, bootstrapped, to_array, with_width
from headstart.tasks._temperature import fit_temperature
from headstart.tasks.base import Predictions, Task
from headstart.tasks.figures.class_figures import rows
from headstart.tasks.figures.label_figures import FIGURES

NO_LABELS = "(none)"
RARE = "(rare labels)"

MANY = 10
"""Where so many labels, and most of them, are of one example each, these are one stratum."""


class MultiLabel(Task):
    """Any number of labels per example.

    Parameters
    ----------
    labels : C labels, in the order of the outputs.
    counts : C training examples that carry each.
    separator : what parts the labels of a target given as one string; ``|`` in predictions too.
    """

    name = "multi_label"
    noun = "labels"
    plural = True
    higher_is_better: ClassVar[Mapping[str, bool]] = {
        "macro_f1": True,
        "micro_f1": True,
        "subset_accuracy": True,
        "hamming_loss": False,
        "log_loss": False,
    }

    def __init__(self, labels: Sequence[str], counts: Sequence[int], separator: str = "|") -> None:
        self.labels, self.counts, self.separator = list(labels), list(counts), separator
        self._places = {label: place for place, label in enumerate(self.labels)}

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        return _label_sets.suitability(targets)

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> MultiLabel:
        if missing := sum(_label_sets.is_absent(target) for target in targets):
            raise InputError(
                f"{missing} of {len(targets)} targets are missing. "
                "Write an empty text or list for an example without labels."
            )
        only_values(targets, "Several labels of an example are a list of words.")
        return cls._parted(targets, _label_sets.find_separator(targets, share=0.0) or "|")

    def anew(self, targets: Sequence[Any]) -> MultiLabel:
        """Parted as before: fewer targets may no longer show by what."""
        return self._parted(targets, self.separator)

    def said_of(self, targets: Sequence[Any]) -> str:
        return _label_sets.how_read(targets, self.separator)

    @classmethod
    def _parted(cls, targets: Sequence[Any], separator: str) -> MultiLabel:
        counts = Counter(label for target in targets for label in _label_sets.parts(target, separator))
        if not counts:
            raise InputError(f"None of the {len(targets)} targets holds a label.")
        labels = sorted(counts)
        return cls(labels, [counts[label] for label in labels], separator)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "labels": self.labels, "counts": self.counts, "separator": self.separator}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> MultiLabel:
        return cls(description["labels"], description["counts"], description["separator"])

    @property
    def outputs(self) -> int:
        return len(self.labels)

    def problem(self, target: Any) -> str | None:
        if _label_sets.is_absent(target):
            return "the labels are missing"
        unknown = [part for part in _label_sets.parts(target, self.separator) if part not in self._places]
        if not unknown:
            return None
        hint = nearest(unknown[0], self.labels)
        return f"the label {unknown[0]!r} was not among the {self.outputs} of training.{hint}"

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N, C) floats, 1 where the label is there. Raises ``InputError`` when a label is unknown."""
        if problems := [found for found in map(self.problem, targets) if found]:
            raise InputError(f"{len(problems)} of {len(targets)} targets cannot be used: {problems[0]}")
        encoded = torch.zeros(len(targets), self.outputs)
        for row, target in enumerate(targets):
            for part in _label_sets.parts(target, self.separator):
                encoded[row, self._places[part]] = 1.0
        return encoded

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Binary cross-entropy, mean over labels, then Σ w l / N. Smoothing moves targets towards one half."""
        soft = encoded.to(outputs.dtype) * (1 - smoothing) + smoothing / 2
        losses = functional.binary_cross_entropy_with_logits(outputs, soft, reduction="none").mean(dim=1)
        return losses.mean() if weights is None else (weights * losses).mean()

    def balance(self, encoded: Tensor) -> Tensor:
        """Weights ∝ 1 / √count of the rarest label of each example; examples without labels count as one kind.

        The square root for the same reason as in classification: rare labels count more, not everything.
        """
        present = encoded > 0
        per_label = present.sum(dim=0).clamp(min=1).float().rsqrt()
        bare = (~present.any(dim=1)).sum().clamp(min=1).float().rsqrt()
        rarest = torch.where(present, per_label, 0.0).amax(dim=1)
        weights = torch.where(present.any(dim=1), rarest, bare)
        return weights / weights.mean()

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """The rarest label of each target, so that a split spreads the rare labels.

        Where most of these are of one example each they are one stratum together: else nothing could be held out.
        """
        count = dict(zip(self.labels, self.counts, strict=True))
        parted = [_label_sets.parts(target, self.separator) for target in targets]
        rarest = [min(parts, key=lambda part: (count.get(part, 0), part), default=NO_LABELS) for parts in parted]
        counted = Counter(rarest)
        single = {label for label, number in counted.items() if number == 1}
        pooled = len(single) > max(MANY, len(counted) / 2)
        return [RARE if pooled and label in single else label for label in rarest]

    @property
    def watched(self) -> str:
        """Macro-F1: labels are seldom equally common, and micro-F1 hardly moves when a rare one is lost."""
        return "macro_f1"

    @property
    def guarded(self) -> tuple[str, ...]:
        return ("macro_f1", "micro_f1")

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        n = len(encoded)
        right = wilson(int(((outputs > 0) == (encoded > 0)).all(dim=1).sum()), n)
        figures = {name: bootstrapped(self._measure(name, outputs, encoded), n) for name in self.higher_is_better}
        return with_width(figures, right, self.higher_is_better) | {"subset_accuracy": right}

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        return self._measure(name, outputs, encoded)(draws)

    def _measure(self, name: str, outputs: Tensor, encoded: Tensor) -> Measure:
        if name not in FIGURES:
            raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, FIGURES)} It has {list(FIGURES)}.")
        return FIGURES[name](to_array(outputs), to_array(encoded))

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """The probability of the surest wrong decision about a label."""
        sure = torch.sigmoid(outputs.double().abs())
        wrong = (outputs > 0) != (encoded > 0)
        return to_array(torch.where(wrong, sure, 0.0).amax(dim=1))

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """``temperature``: outputs are divided by it; ``threshold_0`` …: of each label's operating point."""
        logits = outputs.detach().double()

        def loss(temperature: float, doubt: float) -> float:
            return float(self.loss(logits / temperature, encoded, smoothing=2 * doubt))

        temperature = fit_temperature(loss, len(encoded))
        sure = to_array(torch.sigmoid(logits / temperature))
        return {"temperature": temperature, **_against_rest.thresholds(sure, to_array(encoded) > 0)}

    def trade_offs(self, outputs: Tensor, encoded: Tensor) -> list[TradeOff]:
        sure, truth = to_array(torch.sigmoid(outputs.double())), to_array(encoded) > 0
        return _against_rest.trade_offs(self.labels, sure, truth, to_array(outputs) > 0)

    def operating_points(self, outputs: Tensor, encoded: Tensor, wanted: Wanted) -> dict[str, float]:
        sure, truth = to_array(torch.sigmoid(outputs.double())), to_array(encoded) > 0
        return _against_rest.wanted_thresholds(sure, truth, wanted)

    def by_class(self, outputs: Tensor, encoded: Tensor, calibration: Mapping[str, float]) -> ByClass | None:
        sure, truth = to_array(torch.sigmoid(outputs.double())), to_array(encoded) > 0
        return _against_rest.by_class(self.labels, sure, truth, to_array(outputs) > 0, calibration)

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        return outputs / calibration.get("temperature", 1.0)

    def probabilities(self, outputs: Tensor, calibration: Mapping[str, float]) -> np.ndarray:
        """(N, C); each label has its own, so rows do not sum to 1."""
        return to_array(torch.sigmoid(self.calibrated(outputs.double(), calibration)))

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """Labels above one half, joined with ``|``; ``probability`` is that of the least sure decision.

        The product over all labels would be next to nothing with many labels, however good the model.
        """
        p = self.probabilities(outputs, calibration)
        chosen = [[label for label, yes in zip(self.labels, row, strict=True) if yes] for row in p > 0.5]
        columns: dict[str, Any] = {
            "label": ["|".join(labels) for labels in chosen],
            "probability": np.maximum(p, 1 - p).min(axis=1).tolist(),
        }
        columns |= {f"probability_{label}": p[:, place].tolist() for place, label in enumerate(self.labels)}
        return Predictions(columns)

    def per_label(self, outputs: Tensor, encoded: Tensor) -> list[dict[str, Any]]:
        predicted, true = to_array(outputs) > 0, to_array(encoded) > 0
        return rows(self.labels, (predicted & true).sum(axis=0), true.sum(axis=0), predicted.sum(axis=0))

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """How many targets carry each label; an example counts once for each of its labels."""
        parted = [_label_sets.parts(target, self.separator) or [NO_LABELS] for target in targets]
        return Counter(part for parts in parted for part in parts).most_common()

    def say(self, target: Any) -> str:
        return ", ".join(_label_sets.parts(target, self.separator)) or NO_LABELS
