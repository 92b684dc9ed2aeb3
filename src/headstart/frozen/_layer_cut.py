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


class GivesOthers(Exception):
    """Two parts that give other features than the whole."""


def cut_layers(
    backbone: Backbone, run: LayerRun, sample: Batch
) -> tuple[nn.Module, nn.Module, str, dict[str, Tensor]] | None:
    """Frozen part, trained part, name of the cut and frozen state; None when nothing before the cut is frozen.

    The frozen part runs the backbone's own forward and stops before the first layer that trains, so masks and
    position codes stay the backbone's business. The trained part runs the same forward with the layers before
    that one passed over, so that each keeps its number, and hands the stored activation to it.

    Raises
    ------
    GivesOthers : on the `sample` they give other features than the whole, whose forward hands on more than its
        activations.
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
    frontier, beside = _tried(frozen, layers[0], sample)
    trained = FromLayer(backbone, run, index, beside)
    if not _are_the_whole(frontier, trained, backbone, sample):
        raise GivesOthers(f"{backbone.card.name} gives other features where it is cut between its layers")
    return frozen, trained, f"layer-{index}", state


@torch.no_grad()
def _tried(frozen: BeforeLayer, layer: nn.Module, sample: Batch) -> tuple[Batch, int | None]:
    """The frontier of the `sample`, and how many values `layer`, the first, gives beside its activation on the way
    there; None where it gives no tuple, or is not run."""
    given: list[Any] = []
    hook = layer.register_forward_hook(lambda _, args, output: given.append(output))
    try:
        frontier = frozen(sample)
    finally:
        hook.remove()
    return frontier, len(given[0]) - 1 if given and isinstance(given[0], tuple) else None


@torch.no_grad()
def _are_the_whole(frontier: Batch, trained: nn.Module, backbone: Backbone, sample: Batch) -> bool:
    """Whether the trained part makes of the sample's `frontier` what the whole makes of the `sample`."""
    with _ONE_AT_A_TIME:
        whole, parts = backbone.features(sample), trained(frontier)
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
