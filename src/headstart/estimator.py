"""A scikit-learn style estimator over lists of paths, PIL images, arrays or strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from headstart.core.spec import DEFAULT_BUDGET
from headstart.core.targets import plain
from headstart.data.readers._targets import clean_targets
from headstart.experiment.fitting.flow import fit
from headstart.strategies.base import Strategy


class _Estimator(BaseEstimator):
    """What classifier and regressor share; the parameters are those of :func:`headstart.fit`."""

    _task = ""

    def __init__(
        self,
        backbone: str | None = None,
        strategy: str | Strategy | None = None,
        budget: str | float = DEFAULT_BUDGET,
        seed: int = 0,
        device: str = "auto",
        store: bool = True,
    ) -> None:
        self.backbone = backbone
        self.strategy = strategy
        self.budget = budget
        self.seed = seed
        self.device = device
        self.store = store

    def fit(self, X: Sequence[Any], y: Sequence[Any]) -> _Estimator:  # noqa: N803
        """Fit to N inputs and targets. No test split is held out: scoring is the caller's.

        Raises
        ------
        HeadstartError : for every mistake in the examples, with what to do.
        """
        self.model_ = fit(
            (list(X), _plain(y)),
            task=self._task,
            backbone=self.backbone,
            strategy=self.strategy,
            budget=self.budget,
            seed=self.seed,
            device=self.device,
            store=self.store,
            test_share=0.0,
            quiet=True,
        )
        return self

    def predict(self, X: Sequence[Any]) -> np.ndarray:  # noqa: N803
        """N predictions."""
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.predict(list(X)))


class HeadstartClassifier(ClassifierMixin, _Estimator):
    """Classifies; ``classes_`` gives the order of :meth:`predict_proba`'s columns."""

    _task = "classification"

    def fit(self, X: Sequence[Any], y: Sequence[Any]) -> HeadstartClassifier:  # noqa: N803
        """Fit to N inputs and class labels."""
        super().fit(X, y)
        given = _plain(y)
        read = clean_targets(given, [str(row) for row in range(len(given))], "y")
        self._given = {str(plain(label)): own for label, own in zip(read, given, strict=True)}
        self.classes_ = self._as_given(self.model_.labels)
        return self

    def predict(self, X: Sequence[Any]) -> np.ndarray:  # noqa: N803
        """N class labels, of the type of those that were learnt from."""
        return self._as_given(super().predict(X).tolist())

    def _as_given(self, labels: Sequence[Any]) -> np.ndarray:
        """Labels as the caller wrote them, where a table would not: True for ``"True"``, ``"0"`` or 0.0 for 0."""
        return np.asarray([self._given.get(str(plain(label)), label) for label in labels])

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:  # noqa: N803
        """Calibrated probabilities (N, C)."""
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(list(X))


class HeadstartRegressor(RegressorMixin, _Estimator):
    """Predicts a number."""

    _task = "regression"


def _plain(values: Sequence[Any]) -> list[Any]:
    """NumPy scalars as Python values, which readers and JSON take."""
    return [value.item() if isinstance(value, np.generic) else value for value in values]
