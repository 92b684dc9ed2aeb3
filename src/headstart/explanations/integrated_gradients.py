"""Integrated gradients: how much each pixel or token adds on the way from nothing to the input."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from headstart.core.optional import require
from headstart.explanations.base import Asked, MapExplanation

STEPS = 32
AT_ONCE = 8


class IntegratedGradients(MapExplanation):
    """Sundararajan et al. 2017, "Axiomatic attribution for deep networks" (arXiv:1703.01365), by captum.

    (x - x') ∫₀¹ ∂y/∂x(x' + a (x - x')) da by Gauss-Legendre quadrature in 32 steps, summed over channels or embedding
    dimensions; y is the log-odds of the target. x' is the picture blurred beyond its shapes, and for a text the
    padding token in place of every word, while class and separator tokens stay.
    """

    def map(self, asked: Asked) -> Tensor:
        """(H, W) or (L,), of either sign; it adds up to y(x) - y(x'), as far as the quadrature is exact."""
        methods = require("captum.attr", "explain", "Integrated gradients")
        if asked.parts is None:
            raise ValueError("an example without parts has no places to attribute to")
        entry, batch = asked.parts.entry, asked.batch
        others = [name for name in batch if name != entry]

        def forward(given: Tensor, *rest: Tensor) -> Tensor:
            return asked.aim.evidence(asked.network({entry: given, **dict(zip(others, rest, strict=True))}))

        continuous = batch[entry].is_floating_point()
        method = (
            methods.IntegratedGradients(forward)
            if continuous
            else methods.LayerIntegratedGradients(forward, _token_embedding(asked, batch[entry]))
        )
        with torch.enable_grad():
            found = method.attribute(
                batch[entry],
                asked.parts.emptied(asked.example)[entry].unsqueeze(0),
                additional_forward_args=tuple(batch[name] for name in others),
                n_steps=STEPS,
                internal_batch_size=AT_ONCE,
            )[0]
        return found.sum(0 if continuous else -1)


def _token_embedding(asked: Asked, ids: Tensor) -> nn.Module:
    """The embedding that the token ids enter, found by watching one pass.

    Raises
    ------
    ValueError : there is none.
    """
    found: list[nn.Module] = []

    def note(module: nn.Module, args: tuple[Any, ...]) -> None:
        if args and isinstance(args[0], Tensor) and args[0].shape == ids.shape and bool((args[0] == ids).all()):
            found.append(module)

    embeddings = [module for module in asked.network.modules() if isinstance(module, nn.Embedding)]
    handles = [module.register_forward_pre_hook(note) for module in embeddings]
    try:
        with torch.no_grad():
            asked.network(asked.batch)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise ValueError("no embedding of this network takes the token ids")
    return found[0]
