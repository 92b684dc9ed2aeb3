"""A linear head on sparse features, words say: a few steps at each penalty, the best of them on a part held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from headstart.core.units import first_share, how_many, numbered, rows_of
from headstart.strategies._linear_head import HELD_OUT
from headstart.tasks.base import Task

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # a tenth of a second, which a fit on pictures does without

STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse penalties C tried, λ = 1 / (C N)."""

STEPS = 15
"""Steps of L-BFGS at each penalty: rows of length 1 need no more for the order of what is predicted."""

REMEMBERED = 8
MOST_WEIGHTS = 4 * 10**6
"""Weights of a head, for the sake of time and of memory, of which the solver takes about twenty times as much."""


def fit_sparse_head(
    task: Task, features: csr_matrix, encoded: Tensor, seed: int, units: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weight (D, C) and bias (C,) at the penalty of least loss on a fifth held out, solved on all N examples.

    Minimises mean loss + λ/2 ‖W‖², the bias free. Features are not standardised, as those of dense heads are: that
    would make the rarest words the loudest. One example leaves nothing to hold out: the strongest penalty is taken
    for it, and none at all gives a head of noughts. `units` (N,) are the same for relatives, held out together.
    """
    if len(encoded) == 0:
        return np.zeros((features.shape[1], task.outputs), np.float32), np.zeros(task.outputs, np.float32)
    numbers = numbered(units, len(encoded))
    best = _of_least_loss(task, features, encoded, seed, numbers) if len(encoded) > 1 else 0
    *_, answer = _path(_Head.of(task, features, encoded), STRENGTHS[: best + 1])
    return _parted(answer, task.outputs)


def _of_least_loss(task: Task, features: csr_matrix, encoded: Tensor, seed: int, numbers: np.ndarray) -> int:
    """The place among STRENGTHS of least loss on a fifth held out."""
    order = np.random.default_rng(seed).permutation(how_many(numbers))
    cut = first_share(numbers, order, HELD_OUT)
    held, rest = rows_of(numbers, order[:cut]), rows_of(numbers, order[cut:])
    judged = encoded[torch.from_numpy(held)]
    losses = []
    for flat in _path(_Head.of(task, features[rest], encoded[torch.from_numpy(rest)]), STRENGTHS):
        weight, bias = _parted(flat, task.outputs)
        losses.append(float(task.loss(torch.from_numpy(np.asarray(features[held] @ weight + bias)), judged)))
    return int(np.argmin(losses))


def predicted_seconds(features: csr_matrix, count: int, outputs: int) -> float:
    """About how long a core takes with `count` rows like those of `features` (N, D) and C outputs."""
    filled = features.nnz / max(features.shape[0], 1) * count
    steps = 2 * len(STRENGTHS) * STEPS
    return 5e-10 * steps * (2 * filled * outputs + 40 * min(features.shape[1] * outputs, MOST_WEIGHTS))


@dataclass(frozen=True)
class _Head:
    """The loss of one head: ``features`` (N, D), ``turned`` (D, N), ``encoded`` and ``weights`` (N,)."""

    task: Task
    features: csr_matrix
    turned: csr_matrix
    encoded: Tensor
    weights: Tensor

    @classmethod
    def of(cls, task: Task, features: csr_matrix, encoded: Tensor) -> _Head:
        return cls(task, features, features.T.tocsr(), encoded, task.balance(encoded))

    def slope(self, flat: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        """The penalised loss and its gradient at D·C weights followed by C biases."""
        weight, bias = _parted(flat, self.task.outputs)
        outputs = torch.from_numpy(self.features @ weight + bias).requires_grad_()
        value = self.task.loss(outputs, self.encoded, self.weights)
        (gradient,) = torch.autograd.grad(value, outputs)
        pulled = self.turned @ gradient.numpy() + penalty * weight
        total = float(value.detach()) + 0.5 * penalty * float(np.vdot(weight, weight))
        return total, np.concatenate([pulled.ravel(), gradient.numpy().sum(axis=0)])


def _path(head: _Head, strengths: tuple[float, ...]) -> list[np.ndarray]:
    """The head at each strength, each found from the one before."""
    count, width = head.features.shape
    point = torch.zeros((width + 1) * head.task.outputs, requires_grad=True)
    found = []
    for strength in strengths:
        _descend(head, point, 1 / (strength * count))
        found.append(point.detach().numpy().copy())
    return found


def _descend(head: _Head, point: Tensor, penalty: float) -> None:
    """Move `point` downhill by STEPS steps of L-BFGS (Nocedal & Wright 2006, algorithm 7.5)."""
    optimizer = torch.optim.LBFGS(
        [point], max_iter=STEPS, history_size=REMEMBERED, line_search_fn="strong_wolfe", tolerance_grad=1e-7
    )

    def closure() -> float:
        value, slope = head.slope(point.detach().numpy(), penalty)
        point.grad = torch.from_numpy(slope)
        return value

    optimizer.step(closure)


def _parted(flat: np.ndarray, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight (D, C) and bias (C,)."""
    return flat[:-outputs].reshape(-1, outputs), flat[-outputs:]
