"""The freeze plan: which parameters train, which layers hold still, and the proof that they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headstart.core.errors import FrozenPartChanged, UsageError
from headstart.model.network import Network


@dataclass(frozen=True)
class Rates:
    """How fast each part learns: AdamW's peak rates and decay.

    ``layer_decay`` multiplies the rate once per stage from the output down (Howard & Ruder 2018,
    arXiv:1801.06146; Clark et al. 2020, arXiv:2003.10555).
    """

    backbone: float
    head: float
    weight_decay: float = 0.01
    layer_decay: float = 0.9


class FreezePlan:
    """The one owner of what is trainable in a network.

    Parameters
    ----------
    network : the network it governs.
    freeze_depth : number of stages, counted from the input, that stay frozen; the head always trains.
    extra : names of backbone parameters that train although their stage is frozen (low-rank adapters).
    statistics : whether the normalisation statistics of thawed stages follow the new examples. Averages over the
        small batches of few examples are noisy, and a head solved on the old ones no longer fits.

    Raises
    ------
    UsageError : the depth is not between 0 and the number of stages, or nothing would train.
    """

    def __init__(
        self, network: Network, freeze_depth: int, extra: frozenset[str] = frozenset(), statistics: bool = True
    ) -> None:
        stages = network.backbone.stages()
        if not 0 <= freeze_depth <= len(stages):
            raise UsageError(
                f"freeze depth {freeze_depth} is outside 0 … {len(stages)}, the number of stages of "
                f"{network.backbone.card.name}"
            )
        self.network, self.freeze_depth, self.stages = network, freeze_depth, stages
        self.statistics = statistics
        thawed = {name for stage in stages[freeze_depth:] for name in stage.parameters}
        head = {name for name, _ in network.head.named_parameters()}
        self.trainable = frozenset(
            {f"backbone.{name}" for name in thawed | extra} | {f"head.{name}" for name in head}
        )
        if not self.trainable:
            raise UsageError("this plan trains nothing: the head has no parameters and every stage is frozen")

    def apply(self) -> None:
        """Set ``requires_grad`` and hold the frozen layers' statistics and dropout still."""
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name in self.trainable)
        self.network.held_still = self._frozen_modules()
        self.network.train(self.network.training)

    def _frozen_modules(self) -> list[nn.Module]:
        """The largest modules of the backbone in which nothing trains.

        A module without state (dropout) counts as frozen where it stands before the first sibling that trains.
        """
        thawed = {name.removeprefix("backbone.") for name in self.trainable if name.startswith("backbone.")}
        thawed |= self._thawed_buffers()
        if not thawed:
            return [self.network.backbone]
        moving = {name.rsplit(".", i)[0] for name in thawed for i in range(1, name.count(".") + 1)}
        still: list[nn.Module] = []

        def visit(path: str, module: nn.Module) -> None:
            before_first_moving = True
            for name, child in module.named_children():
                if path + name in moving:
                    before_first_moving = False
                    visit(f"{path}{name}.", child)
                    own = {f"{path}{name}.{buffer}" for buffer in _state_of_its_own(child)}
                    if own and not own & thawed:  # its parameters train, its statistics stand still
                        still.append(child)
                elif before_first_moving or child.state_dict():
                    still.append(child)

        visit("", self.network.backbone)
        return still

    def _thawed_buffers(self) -> set[str]:
        """Buffers of thawed stages that may move; none where statistics stand still."""
        thawed = self.stages[self.freeze_depth :] if self.statistics else []
        return {name for stage in thawed for name in stage.buffers}

    def frozen_state(self) -> dict[str, Tensor]:
        """Every frozen parameter, and every buffer of a frozen stage, by full name."""
        moving = self._moving()
        return {name: value for name, value in self._everything() if name not in moving}

    def moving_state(self) -> dict[str, Tensor]:
        """Every trainable parameter, and every buffer of a thawed stage or of the head, by full name."""
        moving = self._moving()
        return {name: value for name, value in self._everything() if name in moving}

    def _moving(self) -> frozenset[str]:
        head = (f"head.{name}" for name, _ in self.network.head.named_buffers())
        return self.trainable.union(head, (f"backbone.{name}" for name in self._thawed_buffers()))

    def _everything(self) -> list[tuple[str, Tensor]]:
        return [*self.network.named_parameters(), *self.network.named_buffers()]

    def load_moving_state(self, state: dict[str, Tensor]) -> None:
        """Copy a :meth:`moving_state` back into the network."""
        with torch.no_grad():
            for name, value in self.moving_state().items():
                value.copy_(state[name])

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of :meth:`frozen_state` to verify against later."""
        return {name: value.detach().clone() for name, value in self.frozen_state().items()}

    def verify(self, before: dict[str, Tensor]) -> None:
        """Prove that no frozen parameter or buffer changed, bit for bit.

        Raises
        ------
        FrozenPartChanged : one did; the message names all.
        """
        now = self.frozen_state()
        changed = sorted(before.keys() ^ now.keys())
        changed += [name for name in before.keys() & now.keys() if not _identical(before[name], now[name])]
        if changed:
            shown = ", ".join(sorted(changed)[:5]) + (" …" if len(changed) > 5 else "")
            raise FrozenPartChanged(
                f"{len(changed)} frozen parameters or buffers changed during training: {shown}. The result "
                "would not be what it claims, so it was thrown away. Please report this."
            )

    def optimizer_groups(self, rates: Rates) -> list[dict[str, Any]]:
        """AdamW groups: the head, then stage by stage down; biases and normalisation without decay.

        ``steps_down`` counts stages from the output; 0 for the head, the last stage and adapters.
        """
        groups: list[dict[str, Any]] = []
        named = dict(self.network.named_parameters())
        head = [f"head.{name}" for name, _ in self.network.head.named_parameters()]
        layers = [(head, min(rates.head, self.network.fastest_head), 0)]
        for steps_down, stage in enumerate(reversed(self.stages)):
            names = [f"backbone.{name}" for name in stage.parameters]
            layers.append((names, rates.backbone * rates.layer_decay**steps_down, steps_down))
        placed = {name for names, _, _ in layers for name in names}
        layers.append(([name for name in named if name not in placed], rates.backbone, 0))
        for names, rate, steps_down in layers:
            training = [named[name] for name in names if name in self.trainable]
            for decay, chosen in (
                (rates.weight_decay, [p for p in training if p.dim() > 1]),
                (0.0, [p for p in training if p.dim() <= 1]),
            ):
                if chosen:
                    group = {"params": chosen, "lr": rate, "weight_decay": decay, "steps_down": steps_down}
                    groups.append(group)
        return groups

    @property
    def trainable_parameters(self) -> int:
        """How many numbers train."""
        return sum(p.numel() for name, p in self.network.named_parameters() if name in self.trainable)


def _state_of_its_own(module: nn.Module) -> set[str]:
    """Buffers that training mode may move: those of a single layer, or of a normalisation that holds more.

    timm's batch normalisation holds its activation. Of other modules with parts, the buffers are tables of indices
    and the like, and their mode is that of their parts.
    """
    buffers = {name for name, _ in module.named_buffers(recurse=False)}
    single = next(module.children(), None) is None
    return buffers if single or "running_mean" in buffers else set()


def _identical(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and torch.equal(a, b.to(a.device))
