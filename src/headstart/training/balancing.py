"""How the losses of several tasks make one step: their mean, weighted by uncertainty, or without their conflicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

Backward = Callable[[Tensor], None]

RATE = 0.05
"""How fast log variances follow the losses: most of the way within twenty steps."""


class Plain:
    """The mean of the losses.

    Parameters
    ----------
    parts : how many tasks there are.
    apart : parameters of which each entry is one task's alone, as a head's are.
    """

    def __init__(self, parts: int, apart: Iterable[nn.Parameter] = ()) -> None:
        self.parts, self.apart = parts, frozenset(apart)

    def backward(self, losses: Tensor, extra: Tensor, moving: Sequence[nn.Parameter], backward: Backward) -> Tensor:
        """Leave the gradients of a step in the parameters `moving`; returns the loss for the learning curve.

        Parameters
        ----------
        losses : (P,), one a task. extra : a scalar that belongs to no task, such as the pull of L2-SP.
        backward : fills the gradients from a scalar.
        """
        loss = losses.mean() + extra
        backward(loss)
        return loss

    def state(self) -> dict[str, Tensor]:
        """What the next step needs to know of those before, for a checkpoint."""
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """The inverse of :meth:`state`."""


class Uncertainty(Plain):
    """Mean over the tasks of e^(-s_t) L_t + s_t / 2 with a log variance s_t of each, which is learnt too.

    Kendall, Gal & Cipolla (2018), "Multi-task learning using uncertainty to weigh losses", arXiv:1705.07115, equation
    10, with s = log σ². That is their form for classes; for numbers it has half the loss, which moves s by log 2 and
    lets them count twice as much. The s_t go down their own slope, 1/2 - e^(-s_t) L_t, after every step.
    """

    def __init__(self, parts: int, apart: Iterable[nn.Parameter] = ()) -> None:
        super().__init__(parts, apart)
        self.log_variance = torch.zeros(parts)

    def backward(self, losses: Tensor, extra: Tensor, moving: Sequence[nn.Parameter], backward: Backward) -> Tensor:
        """Each loss weighted by e^(-s); the s follow."""
        s = self.log_variance.to(losses.device)
        backward((torch.exp(-s) * losses + s / 2).mean() + extra)
        slope = 0.5 - torch.exp(-self.log_variance) * losses.detach().cpu().float()
        self.log_variance = self.log_variance - RATE * slope
        return losses.mean() + extra

    def state(self) -> dict[str, Tensor]:
        """The log variances."""
        return {"log_variance": self.log_variance}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """The log variances read back."""
        self.log_variance = state["log_variance"]


class GradientSurgery(Plain):
    """Takes from the gradient of each task what goes against that of another: PCGrad.

    Yu et al. (2020), "Gradient surgery for multi-task learning", arXiv:2001.06782, algorithm 1: for every other task
    j, in random order, where g_i · g_j < 0: g_i ← g_i - (g_i · g_j / ‖g_j‖²) g_j. The step is the mean of
    what is left. The gradients are those of what tasks share, as there; a head is stepped along the mean.
    """

    def backward(self, losses: Tensor, extra: Tensor, moving: Sequence[nn.Parameter], backward: Backward) -> Tensor:
        """A backward pass for each task; `backward` is for what belongs to none."""
        moving = sorted(moving, key=lambda parameter: parameter in self.apart)
        found = (torch.autograd.grad(loss, moving, retain_graph=True, allow_unused=True) for loss in losses)
        each = torch.stack([_flat(gradients, moving) for gradients in found])
        shared = sum(parameter.numel() for parameter in moving if parameter not in self.apart)
        together = torch.cat([without_conflicts(each[:, :shared]).mean(dim=0), each[:, shared:].mean(dim=0)])
        if extra.requires_grad:
            together = together + _flat(torch.autograd.grad(extra, moving, allow_unused=True), moving)
        start = 0
        for parameter in moving:
            parameter.grad = together[start : start + parameter.numel()].view_as(parameter).clone()
            start += parameter.numel()
        return losses.detach().mean() + extra.detach()


def without_conflicts(gradients: Tensor) -> Tensor:
    """(P, M) gradients, from each of which what conflicts with another, in random order, is projected away."""
    left = gradients.clone()
    for i, own in enumerate(left):
        for j in torch.randperm(len(gradients)).tolist():
            overlap = own @ gradients[j]
            if j != i and overlap < 0:
                own -= overlap / gradients[j].square().sum() * gradients[j]
    return left


def _flat(gradients: Sequence[Tensor | None], moving: Sequence[nn.Parameter]) -> Tensor:
    """(M,): of all parameters one after the other; nought where a loss does not depend on one."""
    pairs = zip(gradients, moving, strict=True)
    return torch.cat([torch.zeros_like(p).flatten() if g is None else g.flatten() for g, p in pairs])


BALANCINGS: dict[str, type[Plain]] = {"plain": Plain, "uncertainty": Uncertainty, "gradient_surgery": GradientSurgery}
"""By the name that a recipe gives."""
