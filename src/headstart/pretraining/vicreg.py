"""VICReg: two crops of a picture get the same features, and features stay varied and unlike each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch
from headstart.core.errors import UsageError
from headstart.pretraining.base import OwnLesson, OwnMethod
from headstart.tasks.base import Task

SLIGHT = 1e-4
"""ε under the root of a variance."""


class Vicreg(OwnMethod):
    """Joint embedding without negatives and without a second network (Bardes, Ponce & LeCun 2022, arXiv:2105.04906).

    Small batches do: nothing is compared across pictures but the spread of features.

    Parameters
    ----------
    invariance, variance, covariance : λ, μ and ν, weights, not negative, the first two more than 0: without the
        second all features become alike.
    width : of the embedding in which crops are compared, at least 1.
    smallest : share of a picture's area that a crop shows at least, more than 0 and at most 1.
    """

    summary = "learns to find two crops of a picture alike, while features stay varied"

    each = 2

    def __init__(
        self,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        width: int = 512,
        smallest: float = 0.2,
    ) -> None:
        self.invariance, self.variance, self.covariance = invariance, variance, covariance
        self.width, self.scale = width, (smallest, 1.0)

    def check(self) -> None:
        if self.invariance <= 0 or self.variance <= 0 or self.covariance < 0 or self.width < 1:
            raise UsageError(
                f"vicreg:invariance={self.invariance:g},variance={self.variance:g},covariance={self.covariance:g},"
                f"width={self.width} cannot be: the first two must be more than 0, the third at least 0, and the "
                "width at least 1."
            )
        if not 0 < self.scale[0] <= 1:
            raise UsageError(f"vicreg:smallest={self.scale[0]:g} must be more than 0 and at most 1.")

    def lesson(self, student: Backbone, task: Task | None) -> OwnLesson[Backbone]:
        return JointEmbedding(student.feature_size, self.width, self.invariance, self.variance, self.covariance)


class JointEmbedding(OwnLesson[Backbone]):
    """The loss of two crops each of n pictures, as rows of Z and Z' (n, d), which an expander makes of features:

    λ mean ‖z_i - z'_i‖² / d + μ (v(Z) + v(Z')) + ν (c(Z) + c(Z')), where v is how far deviations stay below 1 and c
    how much columns tell of each other. s(Z, Z') is divided by d as in the authors' code, where the paper has none.
    """

    def __init__(self, features: int, width: int, invariance: float, variance: float, covariance: float) -> None:
        super().__init__()
        self.invariance, self.variance, self.covariance = invariance, variance, covariance
        self.expander = nn.Sequential(
            nn.Linear(features, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width, bias=False),
        )  # fmt: skip

    def forward(self, student: Backbone, crops: Batch, targets: Tensor) -> Tensor:
        features = student.features(crops).float()
        with torch.autocast(features.device.type, enabled=False):
            return self.compared(*self.expander(features).chunk(2))

    def compared(self, one: Tensor, other: Tensor) -> Tensor:
        """The loss, a scalar, of embeddings (n, d) of n crops and of another crop of each of the same pictures."""
        alike = functional.mse_loss(one, other)
        varied = narrowness(one) + narrowness(other)
        redundant = redundancy(one) + redundancy(other)
        return self.invariance * alike + self.variance * varied + self.covariance * redundant


def narrowness(rows: Tensor) -> Tensor:
    """v(Z) = mean_j max(0, 1 - √(Var(z_j) + ε)) of `rows` (n, d), a scalar."""
    return functional.relu(1 - (rows.var(dim=0) + SLIGHT).sqrt()).mean()


def redundancy(rows: Tensor) -> Tensor:
    """c(Z) = Σ_{i≠j} C(Z)_ij² / d, with C the covariance of the columns of `rows` (n, d), a scalar."""
    centred = rows - rows.mean(dim=0)
    covariance = torch.matmul(centred.T, centred) / (len(rows) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / rows.shape[1]
