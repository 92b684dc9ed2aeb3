"""Cuts a forward between two of its layers, when its code cannot be traced."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch, LayerRun

ACTIVATION = "hidden"

ROUNDING = 1e-4
"""By how much of the largest feature those of the two parts may differ from those of the whole."""

_ONE_AT_A_TIME = threading.RLock()
"""Both parts run the backbone's own forward with its layers changed for the moment, and what outgrows the store is
computed by one of them, in the thread that works ahead, while the other trains."""


def cut_layers(
    backbone: Backbone, run: LayerRun, sample: Batch
) -> tuple[nn.Module, nn.Module, str, dict[str, Tensor]] | None:
    """Frozen part, trained part, name of the cut and frozen state; None when nothing before the cut is frozen.

    The frozen part runs the backbone's own forward and stops before the first layer that trains, so masks and
    position codes stay the backbone's business. The trained part runs the same forward with the layers before
    that one passed over, so that each keeps its number, and hands the stored activation to it.
    """
    layers = list(getattr(run.owner, run.attribute))
    moving = [any(p.requires_grad for p in layer.parameters()) for layer in layers]
    inside = {id(p) for layer in layers for p in layer.parameters()}
    last_stage = set(backbone.stages()[-1].parameters)
    before = [p for name, p in backbone.named_parameters() if id(p) not in inside and name not in last_stage]
    if any(p.requires_grad for p in before) or not any(moving) or (moving[0] and not before):
        return None
    index = moving.index(True)
    kept = {id(t) for layer in layers[index:] for t in layer.state_dict(keep_vars=True).values()}
    state = {
        name: value
        for name, value in backbone.state_dict(keep_vars=True).items()
        if id(value) not in kept and name not in last_stage
    }
    frozen = BeforeLayer(backbone, run, index)
    trained = FromLayer(backbone, run, index, _beside(layers[0], frozen, sample) if index else None)
    return frozen, trained, f"layer-{index}", state


@torch.no_grad()
def _beside(layer: nn.Module, frozen: BeforeLayer, sample: Batch) -> int | None:
    """How many values `layer`, the first, gives beside its activation; None where it gives no tuple."""
    given: list[Any] = []
    hook = layer.register_forward_hook(lambda _, args, output: given.append(output))
    try:
        frozen(sample)
    finally:
        hook.remove()
    return len(given[0]) - 1 if given and isinstance(given[0], tuple) else None


@torch.no_grad()
def are_the_whole(frozen: nn.Module, trained: nn.Module, backbone: Backbone, sample: Batch) -> bool:
    """Whether the two parts give the features of the whole: a forward may hand on more than its activations."""
    with _ONE_AT_A_TIME:
        whole, parts = backbone.features(sample), trained(frozen(sample))
    if not torch.isfinite(whole).all():  # which is no fault of the cut
        return True
    return bool((whole - parts).abs().max() <= ROUNDING * whole.abs().max())


class _Reached(Exception):
    """Carries the activation out of a forward that need not run further."""

    def __init__(self, activation: Tensor) -> None:
        self.activation = activation


class BeforeLayer(nn.Module):
    """Batch → the activation (N, L, D) that enters layer `index`, and the batch itself."""

    def __init__(self, backbone: Backbone, run: LayerRun, index: int) -> None:
        super().__init__()
        self.backbone, self.run, self.index = backbone, run, index

    def forward(self, batch: Batch) -> Batch:
        """The frontier."""

        def stop(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            raise _Reached(args[0] if args else kwargs[self.run.argument])

        with _ONE_AT_A_TIME:
            layer = getattr(self.run.owner, self.run.attribute)[self.index]
            hook = layer.register_forward_pre_hook(stop, with_kwargs=True)
            try:
                self.backbone.features(batch)
            except _Reached as reached:
                return {ACTIVATION: reached.activation, **batch}
            finally:
                hook.remove()
        raise RuntimeError(f"{self.backbone.card.name}: the forward never reached layer {self.index}")


class FromLayer(nn.Module):
    """Frontier → features (N, D), from where layer `index` is first reached.

    Parameters
    ----------
    beside : how many values a layer gives beside its activation; None where it gives no tuple.
    """

    def __init__(self, backbone: Backbone, run: LayerRun, index: int, beside: int | None) -> None:
        super().__init__()
        self.backbone, self.run, self.index, self.beside = backbone, run, index, beside

    def forward(self, frontier: Batch) -> Tensor:
        """Features of the stored activations."""
        batch = {name: tensor for name, tensor in frontier.items() if name != ACTIVATION}
        reached = False

        def hand_over(
            _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
            nonlocal reached
            if reached:  # some networks run a layer several times
                return None
            reached = True
            if args:
                return (frontier[ACTIVATION], *args[1:]), kwargs
            return args, {**kwargs, self.run.argument: frontier[ACTIVATION]}

        def passing(plain: Callable[..., Any]) -> Callable[..., Any]:
            def forward(*args: Any, **kwargs: Any) -> Any:
                return plain(*args, **kwargs) if reached else self._unchanged(*args, **kwargs)

            return forward

        with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
            layers = getattr(self.run.owner, self.run.attribute)
            stack.callback(layers[self.index].register_forward_pre_hook(hand_over, with_kwargs=True).remove)
            for layer in layers[: self.index]:
                stack.enter_context(_running(layer, passing(layer.forward)))
            return self.backbone.features(batch)

    def _unchanged(self, *args: Any, **kwargs: Any) -> Any:
        """What a layer would give that changes nothing."""
        hidden = args[0] if args else kwargs[self.run.argument]
        return hidden if self.beside is None else (hidden, *[None] * self.beside)


@contextlib.contextmanager
def _running(layer: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """`layer` with another `forward` for the block."""
    own = vars(layer).get("forward")
    layer.forward = forward
    try:
        yield
    finally:
        if own is None:
            del layer.forward
        else:
            layer.forward = own
